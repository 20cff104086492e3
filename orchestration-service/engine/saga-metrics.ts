import type { NewEvent } from '@sagahub/contracts/events.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Counter, Histogram, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { pendingSteps } from './folding.ts';

/** Counts sagas as they start and end, from the appends of this process. */
export class SagaMetrics {
  readonly #started: Counter;
  readonly #completed: Counter;
  readonly #retries: Counter;
  readonly #stepDuration: Histogram;

  constructor(telemetry: Telemetry) {
    this.#started = telemetry.counter('hub.saga.started');
    this.#completed = telemetry.counter('hub.saga.completed');
    this.#retries = telemetry.counter('hub.saga.step.retries');
    this.#stepDuration = telemetry.histogram('hub.saga.step.duration');
  }

  appended(before: Folded, after: Folded, events: readonly NewEvent[]): void {
    const saga = after.flow.name;
    if (before.flow.pinnedVersion(before.state) === undefined && after.flow.pinnedVersion(after.state) !== undefined)
      this.#started.add(1, { saga });
    if (events.some((event) => event.type === 'StepFaulted')) this.#retries.add(1, { saga });
    const [waitedFor] = pendingSteps(before);
    if (waitedFor)
      this.#stepDuration.record(Math.max(0, Date.parse(after.time) - waitedFor.sinceMs) / 1_000, { saga, step: waitedFor.step });
    if (waitedFor && pendingSteps(after).length === 0) this.#completed.add(1, { saga, outcome: after.flow.stateName(after.state) });
  }
}
