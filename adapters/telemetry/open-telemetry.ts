import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { createLogger, type LogLevel } from './logger.ts';
import { openMetrics } from './metrics.ts';
import { observeProcess } from './process-metrics.ts';
import { type Env, resourceOf } from './resource.ts';
import { openTracing } from './tracing.ts';

export interface TelemetryOptions {
  /** `OTEL_SERVICE_NAME` wins. */
  readonly serviceName: string;
  readonly version: string;
  readonly level: LogLevel;
  /** For the `OTEL_*` variables; headers, timeout and certificates of the exporter are read from the process's own. */
  readonly env: Env;
  /** Measures the room left on its file system. */
  readonly dataDir?: string;
  /** Where log lines go. Default: standard output. */
  readonly logTo?: NodeJS.WritableStream;
  /** Log for people instead of machines. Default: only when standard output is a terminal. */
  readonly pretty?: boolean;
}

export interface OpenedTelemetry extends Telemetry, AsyncDisposable {
  /** What `/metrics` answers, as `text/plain; version=0.0.4`. */
  metricsText(): Promise<string>;
}

/** Logs, metrics and spans of one process. Disposing sends what spans are left. */
export const openTelemetry = async (options: TelemetryOptions): Promise<OpenedTelemetry> => {
  await using opened = new AsyncDisposableStack();
  const resource = resourceOf(options.serviceName, options.version, options.env);
  const logger = createLogger({
    level: options.level,
    fields: { service: String(resource.attributes['service.name']), version: options.version },
    stream: options.logTo ?? process.stdout,
    pretty: options.pretty ?? (options.logTo === undefined && process.stdout.isTTY),
  });
  reportSdkTrouble(logger);
  opened.defer(() => diag.disable());
  const metrics = openMetrics(resource, logger);
  opened.use(observeProcess(metrics, options.dataDir));
  const tracing = opened.use(await openTracing(resource, options.env));
  const owned = opened.move();
  return {
    logger,
    counter: metrics.counter,
    histogram: metrics.histogram,
    gauge: metrics.gauge,
    startSpan: (name, spanOptions) => tracing.startSpan(name, spanOptions),
    metricsText: () => metrics.text(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** The SDK tells of spans it could not deliver, and the like, through one global logger. */
const reportSdkTrouble = (logger: Logger): void => {
  const warn = (message: string, ...details: unknown[]) =>
    logger.warn(`telemetry: ${message}`, details.length > 0 ? { detail: details.join(' ') } : {});
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
};
const ignore = (): void => {};
