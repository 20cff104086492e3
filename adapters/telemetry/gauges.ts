import { ValueType } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { Attributes, Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { MetricSpec } from '@sagahub/contracts/telemetry-names.ts';
import { hrTime } from './hr-time.ts';

type Observe = Parameters<Telemetry['gauge']>[1];
type Source = () => Promise<readonly (readonly [value: number, attributes?: Attributes])[]>;

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
  const observed = new Map<string, { readonly spec: MetricSpec; readonly sources: Source[] }>();
  const startTime = hrTime();

  /** A source that fails or hangs must not cost the scrape the other metrics. */
  const points = async (name: string, observe: Source): Promise<DataPoint<number>[]> => {
    try {
      const values = await observe();
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
    readonly sources: readonly Source[];
  }): Promise<MetricData> => ({
    descriptor: { name: spec.name, description: spec.help, unit: spec.unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: (await Promise.all(sources.map((observe) => points(spec.name, observe)))).flat(),
    ...(spec.kind === 'counter' ? { dataPointType: DataPointType.SUM, isMonotonic: true } : { dataPointType: DataPointType.GAUGE }),
  });

  return {
    add: (spec, observe) => {
      const known = observed.get(spec.name);
      if (known) known.sources.push(oneAtATime(observe));
      else observed.set(spec.name, { spec, sources: [oneAtATime(observe)] });
    },
    collect: () => Promise.all([...observed.values()].map(collectOne)),
  };
};

/** Who scrapes while a store is slow waits for what it was asked before, and asks nothing more until that is answered or given up. */
const oneAtATime = (observe: Observe): Source => {
  let underWay: ReturnType<Source> | undefined;
  const look = () => within(OBSERVE_TIMEOUT_MS, (async () => [...(await observe())])());
  return () => (underWay ??= look().finally(() => (underWay = undefined)));
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
