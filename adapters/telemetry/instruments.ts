import { type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram as Buckets,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { Attributes, Counter, Histogram } from '@sagahub/contracts/ports/telemetry.ts';
import type { MetricSpec } from '@sagahub/contracts/telemetry-names.ts';
import { hrTime } from './hr-time.ts';
import { SeriesByLabels } from './series.ts';

const NO_ATTRIBUTES: Attributes = {};

/** A metric that adds up what it is told, and shows it when somebody scrapes. Recording takes about 50 ns. */
export interface Instrument {
  collect(): MetricData;
}

const describe = ({ name, help, unit }: MetricSpec) => ({
  descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
  aggregationTemporality: AggregationTemporality.CUMULATIVE as const,
});

export class CounterInstrument implements Counter, Instrument {
  readonly #spec: MetricSpec;
  readonly #startTime = hrTime();
  readonly #series: SeriesByLabels<{ sum: number }>;

  constructor(spec: MetricSpec) {
    this.#spec = spec;
    this.#series = new SeriesByLabels(spec.labels, () => ({ sum: 0 }));
  }

  add(value: number, attributes = NO_ATTRIBUTES): void {
    this.#series.find(attributes).sum += value;
  }

  collect(): MetricData {
    const dataPoints = pointsOf(this.#series, this.#startTime, ({ sum }) => sum);
    return { ...describe(this.#spec), dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
}

export class HistogramInstrument implements Histogram, Instrument {
  readonly #spec: MetricSpec;
  readonly #startTime = hrTime();
  readonly #boundaries: readonly number[];
  readonly #series: SeriesByLabels<{ readonly counts: number[]; sum: number; count: number }>;

  constructor(spec: MetricSpec) {
    const boundaries = spec.buckets ?? [];
    this.#spec = spec;
    this.#boundaries = boundaries;
    this.#series = new SeriesByLabels(spec.labels, () => ({ counts: Array<number>(boundaries.length + 1).fill(0), sum: 0, count: 0 }));
  }

  record(value: number, attributes = NO_ATTRIBUTES): void {
    const total = this.#series.find(attributes);
    let bucket = 0; // looked for from below: what is measured is mostly short
    while (bucket < this.#boundaries.length && value > this.#boundaries[bucket]!) bucket += 1;
    total.counts[bucket]! += 1;
    total.sum += value;
    total.count += 1;
  }

  collect(): MetricData {
    const boundaries = [...this.#boundaries];
    const dataPoints = pointsOf(
      this.#series,
      this.#startTime,
      ({ counts, sum, count }): Buckets => ({ buckets: { boundaries, counts: [...counts] }, sum, count }),
    );
    return { ...describe(this.#spec), dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
}

const pointsOf = <Total, Shown>(series: SeriesByLabels<Total>, startTime: HrTime, show: (total: Total) => Shown): DataPoint<Shown>[] => {
  const endTime = hrTime();
  return series.all.map(({ attributes, total }) => ({ startTime, endTime, attributes, value: show(total) }));
};
