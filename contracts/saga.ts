import type { DeadLetterRules } from './dead-letter-rules.ts';
import type { EventBody, RecordedEvent, SealedData } from './events.ts';
import type { JsonObject } from './json.ts';

/** What evolving may look at: everything of an event but its place in the log. */
export interface SagaEvent extends EventBody {
  /** ISO 8601. */
  readonly time: string;
  /** Only `OrderReceived` and its like bring these; kept by the engine for the whole stream. */
  readonly partnerId?: string;
  /** Of the event's metadata: what the first decision pinned. */
  readonly sagaVersion?: number | undefined;
}

/** What a stream waits for, computed from its state alone. An object without pending steps has ended. */
export interface PendingStep {
  readonly step: string;
  readonly queue: string;
  readonly attempt: number;
  /** {@link NEVER} for work only an operator can move on. */
  readonly dueAtMs: number;
  readonly sinceMs: number;
}
export const NEVER = Number.MAX_SAFE_INTEGER;

/** Queue of objects that only an operator can move on. */
export const OPERATOR_QUEUE = 'operator';
/** An operator is waited for; a deadline may run on meanwhile. */
export const isLeftToOperator = (pending: readonly Pick<PendingStep, 'queue'>[]): boolean =>
  pending.some(({ queue }) => queue === OPERATOR_QUEUE);

export type Decision =
  /** Append these, then decide again. */
  | { readonly kind: 'record'; readonly events: readonly EventBody<string, any>[] }
  /** Ask a participant (stock, discount, breaker history), record what `answer` makes of the outcome, then decide again. */
  | { readonly kind: 'ask'; readonly participant: string; readonly request: unknown }
  /** Nothing until then: the step's row becomes due later. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Nothing to do. */
  | { readonly kind: 'rest' };

export interface DecideInput {
  /** The step whose row fell due; `advance` after any append. */
  readonly step: string;
  readonly nowMs: number;
}

/**
 * One version of a saga: pure, so that every transition can be specified without a clock, a store or a network. All versions of a
 * flow share its events and `evolve`; a version selects steps and policy.
 */
export interface SagaVersion<State> {
  decide(state: State, input: DecideInput): Decision;
  /** Turns a participant's outcome into events (or a wait, e.g. until a deadline whose clock stood still). */
  answer(state: State, ask: { readonly participant: string; readonly request: unknown }, outcome: unknown, input: DecideInput): Decision;
}

/** Something an outsider wants of an object; the flow decides whether it may have it. */
export interface Command {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A call to a third party that a state asks for. `outbound-service` makes it and reports what came of it. */
export interface ExternalCall {
  readonly step: string;
  readonly connector: string;
  readonly operation: 'submit' | 'cancel';
  /** 1-based, and never used twice in an object's life. */
  readonly attempt: number;
  /** 1-based since an operator last asked for another round: what the limit of attempts and their delays go by. Default: `attempt`. */
  readonly attemptInRound?: number;
  /** Idempotency key of the object at the third party; also its id there. */
  readonly objectId: string;
  readonly partnerId: string;
  /** The third party's own reference, when known (cancel; a submit that is pending there). */
  readonly reference?: string;
  /** An attempt that may have been carried out: look it up before anything else. */
  readonly inDoubt?: {
    readonly attempt: number;
    readonly startedAtMs: number;
    /** Absent when the process died in the middle of it. */
    readonly endedAtMs?: number;
  };
  /** What to send, but for the personal part. Shaped by the flow, mapped by the connector. */
  readonly request: JsonObject;
  readonly private?: SealedData;
}

/** Attempt n of N since somebody last asked for another round. */
export type AttemptRound = { readonly attempt: number; readonly of: number };

/** What came of an external call. A fact: it is recorded whatever the order has become meanwhile. */
export type CallReport = CallOutcome & {
  /** What else a flow keeps of a call; its own to understand. */
  readonly detail?: JsonObject;
};
type CallOutcome =
  | { readonly kind: 'started' }
  | { readonly kind: 'succeeded'; readonly reference: string; readonly alreadyThere: boolean }
  /** The third party has it and decides later; the same attempt goes on, by asking. Reported as often as it is asked: recorded once. */
  | { readonly kind: 'pending'; readonly reference?: string; readonly nextAtMs: number }
  /** For good. */
  | { readonly kind: 'refused'; readonly reason: string; readonly status?: number }
  | {
      readonly kind: 'failed';
      readonly certainty: 'not-done' | 'unknown';
      readonly reason: string;
      readonly status?: number;
      readonly nextAtMs: number;
      /** The next attempt's place in its round, and how many a round has. */
      readonly round?: AttemptRound;
    }
  /** No attempts left, or nothing safe left to try. */
  | {
      readonly kind: 'exhausted';
      readonly reason: string;
      readonly status?: number;
      readonly inDoubt: boolean;
      readonly deadLetterId: string;
    }
  /** Cancel only: cancelled, or proven not to be there. */
  | { readonly kind: 'cancelled'; readonly reference: string }
  | { readonly kind: 'absent' };

/** Of a flow whose objects move by commands alone: it has no saga, and calls nobody. */
export const WITHOUT_SAGA = {
  versions: { 1: { decide: () => ({ kind: 'rest' }), answer: () => ({ kind: 'rest' }) } },
  currentVersion: 1,
  pinnedVersion: () => 1,
  externalCall: () => undefined,
  report: () => [],
} as const satisfies Partial<Flow>;

/**
 * A workflow: state, saga versions, open work, commands and external calls, all pure. The engine runs any number of flows and knows none.
 */
export interface Flow<State = any> {
  /** Also the stream category and the word used in every folder. */
  readonly name: string;
  readonly initialState: State;
  /** Pure; an unknown type returns the state unchanged. */
  evolve(state: State, event: SagaEvent): State;
  readonly versions: Readonly<Record<number, SagaVersion<State>>>;
  readonly currentVersion: number;
  /** The version that the first decision pinned. */
  pinnedVersion(state: State): number | undefined;
  pending(state: State): readonly PendingStep[];
  /** Name of the saga's state for humans and metrics. */
  stateName(state: State): string;
  /** @throws ConflictError when the state does not allow it; returns [] when it is already so. */
  command(state: State, command: Command, nowMs: number): readonly EventBody<string, any>[];
  /** The call a step asks for now; `undefined` when the state no longer wants it. */
  externalCall(state: State, step: string): ExternalCall | undefined;
  /** The events that state what came of a call; [] when that outcome of that attempt is already there. */
  report(state: State, call: Pick<ExternalCall, 'step' | 'operation' | 'attempt'>, report: CallReport): readonly EventBody<string, any>[];
  /** Of a flow whose objects may become dead letters. */
  readonly deadLetters?: DeadLetterRules;
  /** Brings an event of an older schema version to the current one, wherever it is read. */
  upcast?(event: RecordedEvent): RecordedEvent;
}
