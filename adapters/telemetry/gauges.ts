import { ValueType } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { MetricSpec } from '@sagahub/contracts/telemetry-names.ts';
import { hrTime } from './hr-time.ts';

type Observe = Parameters<Telemetry['gauge']>[1];

export interface ObservedMetrics {
  /** Several owners may observe one metric, each for its own attributes. */
  add(spec: MetricSpec, observe: Observe): void;
  collect(): Promise<MetricData[]>;
}

/** How long a source may take to answer a scrape; it is left out of that scrape afterwards. */
const OBSERVE_TIMEOUT_MS = 5_000;

/**
 * What is looked up when somebody scrapes. The SDK's own observable instruments (3.1) go on showing the last value of attributes that
 * are no longer observed, e.g. of a saga state that nothing is in any more, so these are collected here.
 */
export const observedMetrics = (logger: Logger): ObservedMetrics => {
  const observed = new Map<string, { readonly spec: MetricSpec; readonly sources: Observe[] }>();
  const startTime = hrTime();

  /** A source that fails or hangs must not cost the scrape the other metrics. */
  const points = async (name: string, observe: Observe): Promise<DataPoint<number>[]> => {
    try {
      const values = [...(await within(OBSERVE_TIMEOUT_MS, Promise.resolve().then(observe)))];
      const endTime = hrTime();
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
    collect: () => Promise.all([...observed.values()].map(collectOne)),
  };
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
