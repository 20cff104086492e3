import type { Settings } from '@sagahub/contracts/config.ts';
import { url } from '@sagahub/contracts/config.ts';
import { z } from 'zod';
import { LOG_LEVELS } from './logger.ts';

/** For `docs/configuration.md` and for start-up to check; `openTelemetry` reads the `OTEL_*` ones from the environment it is given. */
export const telemetrySettings = {
  logLevel: {
    env: 'HUB_LOG_LEVEL',
    schema: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
    description: 'Least important log lines that are written: error, warn, info or debug.',
  },
  otlpEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: url(),
    description: 'Base URL of an OTLP/HTTP receiver for traces, e.g. http://localhost:4318. Tracing is off without it.',
  },
  otlpTracesEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    schema: url(),
    description: 'The whole URL for traces, used as it is; wins over the base URL.',
  },
  serviceName: {
    env: 'OTEL_SERVICE_NAME',
    schema: z.string().optional(),
    description: 'Name of this process in logs, metrics and traces.',
  },
  resourceAttributes: {
    env: 'OTEL_RESOURCE_ATTRIBUTES',
    schema: z.string().optional(),
    description: 'More about this process, as key=value,key=value; e.g. deployment.environment.name=production.',
  },
  tracesSampler: {
    env: 'OTEL_TRACES_SAMPLER',
    schema: z
      .string()
      .regex(
        /^(parentbased_)?(always_on|always_off|traceidratio)$/,
        'must be always_on, always_off or traceidratio, with or without parentbased_ before it',
      )
      .default('parentbased_always_on'),
    description: 'Which traces are recorded.',
  },
  tracesSamplerArgument: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    schema: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be from 0 to 1')
      .optional(),
    description: 'Share of the traces that traceidratio records, from 0 to 1.',
  },
} as const satisfies Settings;
