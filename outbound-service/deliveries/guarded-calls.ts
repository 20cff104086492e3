import type { CancelOutcome, Connector, Delivery, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { Permit, Verdict } from '../resilience/breaker.ts';
import { CalledOff } from '../resilience/deadlines.ts';
import { redact } from './redact.ts';

type Outcome = SubmitOutcome | LookupOutcome | CancelOutcome;

/** Calls to one connector, counted, timed, and told to the breaker through the permit. What a connector throws is `unknown`. */
export class GuardedCalls {
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #telemetry: Pick<Telemetry, 'counter' | 'histogram' | 'logger'>;
  readonly #calls;
  readonly #durations;

  constructor(connector: Connector, clock: Clock, telemetry: Pick<Telemetry, 'counter' | 'histogram' | 'logger'>) {
    this.#connector = connector;
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#calls = telemetry.counter(METRICS.connectorCalls.name);
    this.#durations = telemetry.histogram(METRICS.connectorCallDuration.name);
  }

  submit(delivery: Delivery, permit: Permit): Promise<SubmitOutcome> {
    return this.#call('submit', () => this.#connector.submit(delivery), delivery, permit);
  }

  lookup(delivery: Delivery, permit: Permit): Promise<LookupOutcome> {
    return this.#call('lookup', () => this.#connector.lookup(delivery), delivery, permit);
  }

  cancel(delivery: Delivery & { readonly reference: string }, permit: Permit): Promise<CancelOutcome> {
    return this.#call('cancel', () => this.#connector.cancel(delivery), delivery, permit);
  }

  /** Tries a half-open breaker without any effect. */
  async probe(signal: AbortSignal, permit: Permit): Promise<boolean> {
    try {
      const { ok, detail } = await this.#connector.probe(signal);
      permit.record(ok ? { kind: 'success' } : { kind: 'failure', reason: detail });
      return ok;
    } catch (error) {
      permit.record({ kind: 'failure', reason: describe(error) });
      return false;
    }
  }

  async #call<Result extends Outcome>(
    operation: 'submit' | 'lookup' | 'cancel',
    perform: () => Promise<Result>,
    delivery: Delivery,
    permit: Permit,
  ): Promise<Result | Extract<Outcome, { kind: 'unknown' }>> {
    const connector = this.#connector.name;
    const startedAtMs = this.#clock.now();
    let outcome: Result | Extract<Outcome, { kind: 'unknown' }>;
    try {
      outcome = await perform();
    } catch (error) {
      this.#telemetry.logger.error('a connector threw', { connector, operation, objectId: delivery.objectId }, error);
      outcome = { kind: 'unknown', reason: describe(error) };
    }
    if ('reason' in outcome) outcome = { ...outcome, reason: redact(outcome.reason, delivery.personal, delivery.request) };
    if (!(delivery.signal.reason instanceof CalledOff)) permit.record(verdictOf(outcome));
    this.#calls.add(1, { connector, operation, outcome: outcome.kind });
    this.#durations.record((this.#clock.now() - startedAtMs) / 1_000, { connector, operation });
    return outcome;
  }
}

const verdictOf = (outcome: Outcome): Verdict => {
  switch (outcome.kind) {
    case 'misconfigured':
      return { kind: 'trip', reason: outcome.reason };
    case 'unknown':
      return { kind: 'failure', reason: outcome.reason };
    case 'transient':
      return {
        kind: 'failure',
        reason: outcome.reason,
        ...(outcome.retryAfterMs !== undefined && { retryAfterMs: outcome.retryAfterMs }),
      };
    default:
      return { kind: 'success' };
  }
};

const describe = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
