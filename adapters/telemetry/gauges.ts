import { ValueType, type HrTime } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Resource } from '@opentelemetry/resources';
import type { Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { MetricSpec } from '@sagahub/contracts/telemetry-names.ts';

type Observe = Parameters<Telemetry['gauge']>[1];

export interface ObservedMetrics extends MetricProducer {
  /** Several owners may observe one metric, each for its own attributes. */
  add(spec: MetricSpec, observe: Observe): void;
}

/** How long a source may take to answer a scrape; it is left out of that scrape afterwards. */
const OBSERVE_TIMEOUT_MS = 5_000;

/**
 * What is looked up when somebody scrapes. The SDK's own observable instruments (3.1) go on showing the last value of attributes that
 * are no longer observed, e.g. of a saga state that nothing is in any more, so these are collected here.
 */
export const observedMetrics = (resource: Resource, logger: Logger): ObservedMetrics => {
  const observed = new Map<string, { readonly spec: MetricSpec; readonly sources: Observe[] }>();
  const startTime = now();

  /** A source that fails or hangs must not cost the scrape the other metrics. */
  const points = async (name: string, observe: Observe): Promise<DataPoint<number>[]> => {
    try {
      const values = [...(await within(OBSERVE_TIMEOUT_MS, Promise.resolve().then(observe)))];
      const endTime = now();
      return values.map(([value, attributes = {}]) => ({ startTime, endTime, attributes, value }));
    } catch (error) {
      logger.error('a metric could not be observed', { metric: name }, error);
      return [];
    }
  };
  const collectOne = async ({
    spec,
    sources,
  }: {
    readonly spec: MetricSpec;
    readonly sources: readonly Observe[];
  }): Promise<MetricData> => ({
    descriptor: { name: spec.name, description: spec.help, unit: spec.unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: (await Promise.all(sources.map((observe) => points(spec.name, observe)))).flat(),
    ...(spec.kind === 'counter' ? { dataPointType: DataPointType.SUM, isMonotonic: true } : { dataPointType: DataPointType.GAUGE }),
  });

  return {
    add: (spec, observe) => {
      const known = observed.get(spec.name);
      if (known) known.sources.push(observe);
      else observed.set(spec.name, { spec, sources: [observe] });
    },
    collect: async () => {
      const metrics = await Promise.all([...observed.values()].map(collectOne));
      const filled = metrics.filter((metric) => metric.dataPoints.length > 0);
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'sagahub' }, metrics: filled }] }, errors: [] };
    },
  };
};

const now = (): HrTime => {
  const ms = Date.now();
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
};

const within = async <T>(timeoutMs: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
};
