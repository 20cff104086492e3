import { derivedId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { Connector, Delivery } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { Folded, SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Logger, Span } from '@sagahub/contracts/ports/telemetry.ts';
import type { AttemptRound, CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import type { Permit } from '../resilience/breaker.ts';
import type { ConnectorBreaker } from '../resilience/connector-breaker.ts';
import type { Deadline, Deadlines } from '../resilience/deadlines.ts';
import { type RetryPolicy, retryDelayMs } from '../resilience/retry-policy.ts';
import type { GuardedCalls } from './guarded-calls.ts';

/** What all attempts at one connector share. */
export interface AttemptContext {
  readonly connector: Connector;
  readonly calls: GuardedCalls;
  readonly breaker: ConnectorBreaker;
  readonly deadlines: Deadlines;
  readonly retry: RetryPolicy;
  readonly runtime: SagaRuntime;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the log; dead letters' ids are derived under it. */
  readonly logId: string;
}

/** A stream's state and the call it asks for, under a time limit that began before the state was read. */
export interface Head {
  readonly folded: Folded;
  readonly call: ExternalCall;
  readonly deadline: Deadline;
}

/** Trouble that may pass. */
export interface Trouble {
  readonly reason: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
}

/**
 * Reads the head, and what it asks for under this hint.
 *
 * The time limit begins first. A cancellation that this read does not see is recorded later than it, so whatever call follows has ended
 * one time limit after the cancellation was requested: that is what makes a later look-up proof.
 * @returns undefined when nothing (or something else) is asked for: then there is nothing to do
 */
export const readHead = async ({ runtime, deadlines, connector }: AttemptContext, hint: Hint): Promise<Head | undefined> => {
  const deadline = deadlines.start();
  let head: Head | undefined;
  try {
    const folded = await runtime.load(hint.stream);
    const call = folded.flow.externalCall(folded.state, hint.step);
    if (call?.attempt === hint.attempt && call.connector === connector.name) head = { folded, call, deadline };
    return head;
  } finally {
    if (!head) deadline[Symbol.dispose]();
  }
};

/** In the log of the process: `failed` mends itself, `exhausted` needs somebody. What goes well stands in the history alone. */
const LOG_LEVEL: Readonly<Partial<Record<CallReport['kind'], 'info' | 'error'>>> = {
  refused: 'info',
  failed: 'info',
  exhausted: 'error',
};

/** One attempt at one call of one stream, from its hint to what is recorded of it. */
export class Attempt implements Disposable {
  readonly context: AttemptContext;
  readonly hint: Hint;
  readonly permit: Permit;
  readonly span: Span;
  /** There is an `ErpAttemptStarted` (or its like) of this attempt: it must get an outcome. */
  isStarted = false;
  #head: Head;
  #personal: Promise<JsonObject | undefined> | undefined;

  constructor(context: AttemptContext, hint: Hint, permit: Permit, head: Head, span: Span) {
    this.context = context;
    this.hint = hint;
    this.permit = permit;
    this.#head = head;
    this.span = span;
  }

  get call(): ExternalCall {
    return this.#head.call;
  }

  get folded(): Folded {
    return this.#head.folded;
  }

  /** Reads the head again, as time has passed. False: this attempt is no longer wanted. */
  async refresh(): Promise<boolean> {
    const head = await readHead(this.context, this.hint);
    if (!head) return false;
    this.#head.deadline[Symbol.dispose]();
    this.#head = head;
    return true;
  }

  /** Since when the object waits for this step, e.g. when its cancellation was requested. */
  get waitingSinceMs(): number {
    const { flow, state, time } = this.folded;
    return flow.pending(state).find(({ step }) => step === this.hint.step)?.sinceMs ?? Date.parse(time);
  }

  /**
   * What a connector is given, the personal part included: look-ups and cancellations need it too, to keep it out of the reasons that
   * a third party gives.
   */
  async delivery(): Promise<Delivery> {
    this.#personal ??= this.#open();
    const personal = await this.#personal;
    const { objectId, partnerId, attempt, reference, request } = this.call;
    return {
      objectId,
      partnerId,
      attempt,
      ...(reference !== undefined && { reference }),
      request,
      personal,
      correlationId: this.folded.correlationId,
      traceparent: this.span.traceparent,
      signal: this.signal,
    };
  }

  /** Aborted at the time limit that began before the head was read. */
  get signal(): AbortSignal {
    return this.#head.deadline.signal;
  }

  /** Undefined: there is none, or its subject was erased. */
  async #open(): Promise<JsonObject | undefined> {
    return this.call.private && open(this.context.keys, this.hint.stream, this.call.private);
  }

  async report(report: CallReport, expectedRevision?: number): Promise<boolean> {
    this.span.setAttribute('hub.outcome', report.kind);
    this.#log(report);
    return this.context.runtime.report(this.hint.stream, this.call, report, {
      actor: `connector:${this.context.connector.name}`,
      traceparent: this.span.traceparent,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });
  }

  /**
   * Spends the attempt: another one follows, or none is left. Nothing is spent by a probe of a half-open breaker, and no last attempt on
   * a third party that is known to be away, unless the attempt was written down: then it needs an outcome.
   */
  async failed(certainty: 'not-done' | 'unknown', trouble: Trouble): Promise<void> {
    const { retry, clock, breaker } = this.context;
    const isUnwritten = !this.isStarted;
    if (isUnwritten && this.permit.isProbe) return this.waitForBreaker();
    const { reason, status } = trouble;
    const delayMs = retryDelayMs(retry, this.call.attemptInRound ?? this.call.attempt, trouble.retryAfterMs);
    if (delayMs === undefined && breaker.state.state === 'closed') return this.exhausted(certainty === 'unknown', trouble);
    if (delayMs === undefined && isUnwritten) return this.waitForBreaker();
    const nextAtMs = delayMs === undefined ? breaker.waitUntilMs() : clock.now() + delayMs;
    await this.report({ kind: 'failed', certainty, reason, ...(status !== undefined && { status }), nextAtMs, round: this.nextOfRound });
  }

  /**
   * The third party takes none of our calls, which spends nothing: somebody has to correct the configuration. Unless it has just taken another's: then it is
   * this one that it does not take, until no attempt is left.
   */
  async misconfigured(trouble: Trouble): Promise<void> {
    if (!this.permit.isProven) return this.waitForBreaker();
    const { reason, status } = trouble;
    const { retry, breaker } = this.context;
    const isLast = retryDelayMs(retry, this.call.attemptInRound ?? this.call.attempt) === undefined;
    if (isLast) return this.exhausted(this.isStarted, trouble);
    const certainty = this.isStarted ? 'unknown' : 'not-done';
    const nextAtMs = breaker.waitUntilMs();
    await this.report({ kind: 'failed', certainty, reason, ...(status !== undefined && { status }), nextAtMs, round: this.nextOfRound });
  }

  /** Which attempt of how many comes next. */
  get nextOfRound(): AttemptRound {
    const of = this.context.retry.delaysMs.length + 1;
    return { attempt: Math.min((this.call.attemptInRound ?? this.call.attempt) + 1, of), of };
  }

  /** Over to an operator. The dead letter's id is the same however often this is reported. */
  async exhausted(inDoubt: boolean, { reason, status }: Trouble): Promise<void> {
    const { stream, step } = this.hint;
    const deadLetterId = derivedId(this.context.logId, stream, step, String(this.call.attempt));
    await this.report({ kind: 'exhausted', reason, ...(status !== undefined && { status }), inDoubt, deadLetterId });
  }

  /** Comes back when the third party may be there again; no attempt is spent. */
  async waitForBreaker(): Promise<void> {
    this.permit.settle();
    await this.waitUntil(this.context.breaker.waitUntilMs(this.permit.isProbe));
  }

  async waitUntil(dueAtMs: number): Promise<void> {
    this.span.setAttribute('hub.outcome', 'waits');
    await this.context.runtime.defer(this.hint, dueAtMs);
  }

  #log(report: CallReport): void {
    const level = LOG_LEVEL[report.kind];
    if (level === undefined) return;
    const { connector, operation, attempt } = this.call;
    const { stream, correlationId } = this.folded;
    const reason = 'reason' in report ? report.reason : undefined;
    const { traceparent } = this.span;
    this.context.logger[level](`attempt ${report.kind}`, { stream, connector, operation, attempt, reason, correlationId, traceparent });
  }

  [Symbol.dispose](): void {
    this.#head.deadline[Symbol.dispose]();
    this.permit.settle();
    this.span.end();
  }
}
