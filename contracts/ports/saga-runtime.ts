import type { EventBody, RecordedEvent } from '../events.ts';
import type { CallReport, Command, ExternalCall, Flow } from '../saga.ts';
import type { Hint } from './message-bus.ts';

/** A stream's folded state. */
export interface Folded<State = unknown> {
  readonly flow: Flow<State>;
  readonly state: State;
  readonly stream: string;
  /** -1: the stream does not exist. */
  readonly revision: number;
  /** Time of the last event, ISO 8601; empty when there is none. */
  readonly time: string;
  /** Time of the first event; 0 when there is none. */
  readonly startedAtMs: number;
  readonly partnerId: string;
  readonly correlationId: string;
  /** Trace context of the event that started the object. */
  readonly traceparent: string | undefined;
  /** Of steps whose handler threw since the object last moved, by step. Absent: none. */
  readonly faults?: ReadonlyMap<string, StepFault>;
}

/** The engine keeps count of each step's failures. */
export interface StepFault {
  readonly step: string;
  readonly count: number;
  readonly error: string;
  readonly sinceMs: number;
  /** Absent: given up, the object is stuck. */
  readonly nextAtMs?: number;
}

/** The step that the engine gave up on: nothing of the object moves before an operator has it retried. */
export const givenUpFault = ({ faults }: Pick<Folded, 'faults'>): StepFault | undefined =>
  faults?.values().find(({ nextAtMs }) => nextAtMs === undefined);

export interface ActContext {
  /** `client:<id>`, `connector:<name>`, … */
  readonly actor: string;
  readonly traceparent?: string | undefined;
  /** Default: the stream's. */
  readonly correlationId?: string;
}

/** Rows that fell due, worked on one stream at a time, round-robin over lanes. */
export interface WorkOptions {
  /** Streams worked on at once. */
  readonly concurrency: number;
  /** Of one lane, at once. */
  readonly perLane: number | ((lane: string) => number);
  /** What takes turns, and shares a limit. Default: the partner. */
  readonly laneOf?: (hint: Hint) => string;
  /**
   * Asked when a hint arrives: until when (milliseconds since 1970) it is put off, instead of waiting in line here. `waiting`: how many of
   * its lane do.
   */
  readonly postpone?: (hint: Hint, waiting: number) => number | undefined;
  /**
   * Hints of a lane that the broker is left waiting for. Further ones are taken off it and wait in this process alone, so that a lane with
   * much to do does not fill what the broker hands out at once; lost with the process, they come again like any lost hint. Default: all.
   */
  readonly unsettledPerLane?: number;
  /** Throwing is recorded as `StepFaulted` in the stream, retried with growing delays, then left to an operator. */
  readonly handle: (hint: Hint) => Promise<void>;
}

/** Work of a queue that is being taken; disposing takes nothing more, and waits for what is in hand. */
export interface Working extends AsyncDisposable {
  /** Hints that came to this process and that nobody has begun on. */
  readonly waiting: number;
}

/** The engine as services see it: how streams of any flow are read, decided on and reported to. */
export interface SagaRuntime {
  load<State>(stream: string): Promise<Folded<State>>;
  /**
   * A decision: on conflict it reloads and decides again.
   * @param context with `expectedRevision`: only if the stream is there; a decision that somebody took looking at an older state is refused
   * @throws NotFoundError no such stream; ConflictError the state does not allow it, or (`HUB_CHANGED_MEANWHILE`) is another one by now
   * @returns the events appended (empty: it was already so) and the folded state behind them
   */
  execute(
    stream: string,
    command: Command,
    context: ActContext & { readonly expectedRevision?: number },
  ): Promise<{ readonly events: readonly RecordedEvent[]; readonly folded: Folded }>;
  /**
   * What {@link execute} would record first, and the state behind it; nothing is recorded.
   * @throws as `execute` does
   */
  preview(stream: string, command: Command): Promise<{ readonly events: readonly EventBody[]; readonly folded: Folded }>;
  /**
   * A fact from outside: always recorded, at whatever revision the stream has reached, together with what the saga decides on it.
   * @param expectedRevision given for `started` alone: then a conflict means somebody else took the attempt, and nothing is recorded
   * @returns false when it was already there, or when `expectedRevision` was stale
   */
  report(
    stream: string,
    call: Pick<ExternalCall, 'step' | 'operation' | 'attempt'>,
    report: CallReport,
    context: ActContext & { readonly expectedRevision?: number },
  ): Promise<boolean>;
  /** Makes a step due later (breaker open, settling time) without spending an attempt or appending anything. */
  defer(hint: Hint, dueAtMs: number): Promise<void>;
  /** Spreads a queue's waiting work evenly from now on (a breaker closed). Returns how much there is. */
  wake(queue: string, spreadMs: number): Promise<number>;
  /** Takes work of one queue until disposed. */
  work(queue: string, options: WorkOptions): Promise<Working>;
  /** Resolves when the object has ended or is stuck, or at the time limit: whichever is first. */
  settled(stream: string, timeoutMs: number, signal: AbortSignal): Promise<Folded>;
}
