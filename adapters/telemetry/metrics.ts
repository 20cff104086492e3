import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { Resource } from '@opentelemetry/resources';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS, type MetricSpec, prometheusName } from '@sagahub/contracts/telemetry-names.ts';
import { observedMetrics } from './gauges.ts';
import { CounterInstrument, HistogramInstrument, type Instrument } from './instruments.ts';

const SPECS: ReadonlyMap<string, MetricSpec> = new Map(Object.values(METRICS).map((metric): [string, MetricSpec] => [metric.name, metric]));

const specOf = (name: string, kind: MetricSpec['kind']): MetricSpec => {
  const spec = SPECS.get(name);
  if (spec?.kind === kind) return spec;
  throw new Error(`${kind} ${name} is not in contracts/telemetry-names.ts${spec ? `, which has a ${spec.kind} of that name` : ''}`);
};

export interface Metrics extends Pick<Telemetry, 'counter' | 'histogram' | 'gauge'> {
  /** A counter whose running total is kept elsewhere (the process's CPU time). */
  readonly observeTotal: Telemetry['gauge'];
  /** All metrics that were recorded or observed at least once, in Prometheus' text format. */
  text(): Promise<string>;
}

/**
 * Counters and histograms are added up here, gauges looked up when somebody scrapes; the OpenTelemetry SDK gives the model and the text
 * format. Its own instruments took 8 % of all CPU time the hub spends on an order.
 */
export const openMetrics = (resource: Resource, logger: Logger): Metrics => {
  const observed = observedMetrics(logger);
  const instruments = new Map<string, Instrument>();
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  const instrument = <One extends Instrument>(name: string, kind: MetricSpec['kind'], create: (spec: MetricSpec) => One): One => {
    const known = (instruments.get(name) as One | undefined) ?? create(specOf(name, kind));
    instruments.set(name, known);
    return known;
  };
  return {
    counter: (name) => instrument(name, 'counter', (spec) => new CounterInstrument(spec)),
    histogram: (name) => instrument(name, 'histogram', (spec) => new HistogramInstrument(spec)),
    gauge: (name, observe) => observed.add(specOf(name, 'gauge'), observe),
    observeTotal: (name, observe) => observed.add(specOf(name, 'counter'), observe),
    text: async () => {
      const recorded = [...instruments.values()].map((one) => one.collect());
      const metrics = [...recorded, ...(await observed.collect())].filter(({ dataPoints }) => dataPoints.length > 0);
      return `${serializer.serialize({ resource, scopeMetrics: [{ scope: { name: 'sagahub' }, metrics: metrics.map(withPrometheusName) }] }).trimEnd()}\n`;
    },
  };
};

/** The exporter replaces dots but adds no units (0.301), so names are translated here; the unit stands in the name then. */
const withPrometheusName = (metric: MetricData): MetricData => ({
  ...metric,
  descriptor: { ...metric.descriptor, name: exposedName(metric.descriptor.name), unit: '' },
});

const exposedName = (name: string): string => {
  const spec = SPECS.get(name);
  return spec ? prometheusName(spec) : name;
};
