import type { NewEvent } from '@sagahub/contracts/events.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Counter, Histogram, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { pendingSteps } from './folding.ts';

/** Counts sagas as they start, stumble and end, from the appends of this process. A step is what a saga waits for first. */
export class SagaMetrics {
  readonly #started: Counter;
  readonly #completed: Counter;
  readonly #faults: Counter;
  readonly #retries: Counter;
  readonly #duration: Histogram;
  readonly #stepDuration: Histogram;

  constructor(telemetry: Telemetry) {
    this.#started = telemetry.counter(METRICS.sagaStarted.name);
    this.#completed = telemetry.counter(METRICS.sagaCompleted.name);
    this.#faults = telemetry.counter(METRICS.sagaStepFaults.name);
    this.#retries = telemetry.counter(METRICS.sagaStepRetries.name);
    this.#duration = telemetry.histogram(METRICS.sagaDuration.name);
    this.#stepDuration = telemetry.histogram(METRICS.sagaStepDuration.name);
  }

  appended(before: Folded, after: Folded, events: readonly NewEvent[]): void {
    const { flow } = after;
    const saga = flow.name;
    if (flow.pinnedVersion(before.state) === undefined && flow.pinnedVersion(after.state) !== undefined) this.#started.add(1, { saga });
    const [waitedFor] = pendingSteps(before);
    if (!waitedFor) return;
    const { step } = waitedFor;
    const nowMs = Date.parse(after.time);
    const [waitsFor] = pendingSteps(after);
    const isStillPending = waitsFor?.step === step && waitsFor.sinceMs === waitedFor.sinceMs;
    if (!isStillPending) this.#stepDuration.record(Math.max(0, nowMs - waitedFor.sinceMs) / 1_000, { saga, step });
    const hasFaulted = events.some(({ type }) => type === 'StepFaulted');
    if (hasFaulted) this.#faults.add(1, { saga, step });
    const isAskedFor = events.some(({ type }) => type === 'StepRetried');
    if (waitsFor && (isAskedFor || (isStillPending && (hasFaulted || waitsFor.attempt > waitedFor.attempt))))
      this.#retries.add(1, { saga, step: waitsFor.step });
    if (waitsFor) return;
    const outcome = flow.stateName(after.state);
    this.#completed.add(1, { saga, outcome });
    this.#duration.record(Math.max(0, nowMs - after.startedAtMs) / 1_000, { saga, outcome });
  }
}
