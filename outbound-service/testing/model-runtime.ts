import type { EventBody, NewEvent } from '@sagahub/contracts/events.ts';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { Append, AppendResult, EventStore, SubscribeOptions, Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { Folded, SagaRuntime, WorkOptions, Working } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { parcelFlow, type ParcelState } from './parcel-flow.ts';

/** How long a hinted row rests before it is hinted again: as long as the relay's lease. */
const LEASE_MS = 60_000;
/** How often {@link ModelRuntime.work} looks for due rows. */
const POLL_MS = 10;

/**
 * The saga runtime as the worker sees it, in memory: streams of the parcel flow, due rows, hints. It stands for
 * everything durable, so it outlives the processes of `mortal-process.ts`.
 */
export class ModelRuntime implements SagaRuntime {
  readonly clock: Clock;
  readonly events = new Map<string, { readonly type: string; readonly data: any; readonly time: string }[]>();
  /** Rows moved by a lease, a deferral or a wake-up: `stream step attempt` → due time. */
  readonly #due = new Map<string, number>();
  readonly woken: { readonly queue: string; readonly spreadMs: number }[] = [];
  readonly deferrals: number[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  post(id: string): string {
    const stream = `parcel-${id}`;
    this.#record(stream, [{ type: 'Posted', data: { id } }]);
    return stream;
  }

  /** Something that means nothing to the flow. */
  note(stream: string): void {
    this.#record(stream, [{ type: 'Noted', data: {} }]);
  }

  state(stream: string): ParcelState {
    return this.#fold(stream).state;
  }

  /** What was recorded, by type. */
  types(stream: string): string[] {
    return (this.events.get(stream) ?? []).map(({ type }) => type);
  }

  /** Hints of all rows that are due, leased as the relay does. */
  claimDue(): Hint[] {
    const nowMs = this.clock.now();
    const hints: Hint[] = [];
    for (const { hint, dueAtMs } of this.#rows()) {
      if (dueAtMs > nowMs) continue;
      this.#due.set(keyOf(hint), nowMs + LEASE_MS);
      hints.push(hint);
    }
    return hints;
  }

  /** When the next row falls due; undefined when nothing is left to do. */
  nextDueAtMs(): number | undefined {
    const due = this.#rows().map(({ dueAtMs }) => dueAtMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  load<State>(stream: string): Promise<Folded<State>> {
    return Promise.resolve(this.#fold(stream) as unknown as Folded<State>);
  }

  execute(stream: string, command: { readonly type: string }): ReturnType<SagaRuntime['execute']> {
    this.#record(stream, parcelFlow.command(this.#fold(stream).state, command, this.clock.now()));
    return Promise.resolve({ events: [], folded: this.#fold(stream) });
  }

  preview(stream: string, command: { readonly type: string }): ReturnType<SagaRuntime['preview']> {
    const folded = this.#fold(stream);
    return Promise.resolve({ events: parcelFlow.command(folded.state, command, this.clock.now()), folded });
  }

  report(...[stream, call, report, context]: Parameters<SagaRuntime['report']>): Promise<boolean> {
    const { state, revision } = this.#fold(stream);
    if (context.expectedRevision !== undefined && context.expectedRevision !== revision) return Promise.resolve(false);
    const events = parcelFlow.report(state, call, report);
    this.#record(stream, events);
    return Promise.resolve(events.length > 0);
  }

  defer(hint: Hint, dueAtMs: number): Promise<void> {
    this.deferrals.push(dueAtMs - this.clock.now());
    this.#due.set(keyOf(hint), dueAtMs);
    return Promise.resolve();
  }

  wake(queue: string, spreadMs: number): Promise<number> {
    this.woken.push({ queue, spreadMs });
    const rows = this.#rows();
    rows.forEach(({ hint }, index) => this.#due.set(keyOf(hint), this.clock.now() + (spreadMs * index) / rows.length));
    return Promise.resolve(rows.length);
  }

  /** Works until disposed, one hint after the other, every batch to its end. */
  async work(_queue: string, { handle }: WorkOptions): Promise<Working> {
    const stop = new AbortController();
    const working = (async () => {
      while (!stop.signal.aborted) {
        await Promise.all(this.claimDue().map(handle));
        await this.clock.sleep(POLL_MS, stop.signal);
      }
    })();
    return { waiting: 0, [Symbol.asyncDispose]: () => (stop.abort(), working) };
  }

  settled(stream: string): Promise<Folded> {
    return this.load(stream);
  }

  #record(stream: string, bodies: readonly EventBody<string, any>[]): void {
    const time = new Date(this.clock.now()).toISOString();
    const events = this.events.get(stream) ?? [];
    events.push(...bodies.map(({ type, data }) => ({ type, data, time })));
    this.events.set(stream, events);
  }

  #fold(stream: string): Folded<ParcelState> {
    const events = this.events.get(stream) ?? [];
    const state = events.reduce((folded, event) => parcelFlow.evolve(folded, event), parcelFlow.initialState);
    const time = events.at(-1)?.time ?? '';
    const revision = events.length - 1;
    const startedAtMs = Date.parse(events[0]?.time ?? '');
    return { flow: parcelFlow, state, stream, revision, time, startedAtMs, partnerId: 'acme', correlationId: 'c', traceparent: undefined };
  }

  #rows(): { hint: Hint; dueAtMs: number }[] {
    return [...this.events.keys()].flatMap((stream) =>
      parcelFlow
        .pending(this.#fold(stream).state)
        .filter(({ queue }) => queue.startsWith('outbound.'))
        .map(({ step, queue, attempt, dueAtMs }) => {
          const hint = { queue, stream, step, attempt, partnerId: 'acme' };
          return { hint, dueAtMs: Math.max(dueAtMs, this.#due.get(keyOf(hint)) ?? 0) };
        }),
    );
  }
}

const keyOf = ({ stream, step, attempt }: Hint): string => `${stream} ${step} ${attempt}`;

/** Streams in memory: as much of an event store as a breaker's log needs. */
export class ModelStore implements Pick<EventStore, 'append' | 'readStream' | 'readAll' | 'logId' | 'lastPosition' | 'subscribe'> {
  readonly logId = '6f1c8a52-3f0e-4c1d-9a77-0f6f6a0f2b11';
  readonly streams = new Map<string, NewEvent[]>();
  readonly #subscribers = new Set<SubscribeOptions['onEvents']>();

  append({ stream, expectedRevision, events }: Append): Promise<AppendResult> {
    const stored = this.streams.get(stream) ?? [];
    if (stored.length - 1 !== expectedRevision)
      return Promise.reject(new RevisionConflictError(stream, expectedRevision, stored.length - 1));
    this.streams.set(stream, [...stored, ...events]);
    for (const tell of this.#subscribers) void this.readStream(stream, { from: stored.length }).then(tell);
    return Promise.resolve({ revision: stored.length + events.length - 1 });
  }

  /** None of the models reads across streams. */
  readAll(): Promise<never[]> {
    return Promise.resolve([]);
  }

  lastPosition(): Promise<bigint> {
    return Promise.resolve(0n);
  }

  /** Tells what is appended from now on. */
  subscribe({ onEvents }: SubscribeOptions): Subscription {
    this.#subscribers.add(onEvents);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const dispose = () => (this.#subscribers.delete(onEvents), resolve(), done);
    return { done, position: 0n, [Symbol.asyncDispose]: dispose };
  }

  readStream(stream: string, { from = 0 }: { readonly from?: number } = {}): ReturnType<EventStore['readStream']> {
    const stored = this.streams.get(stream) ?? [];
    const recorded = stored.map((event, revision) => ({ ...event, stream, revision, position: BigInt(revision), hash: '' }));
    return Promise.resolve(recorded.slice(from));
  }
}

/** A queue with so many rows. */
export const modelOpenWork = (queue: string, open: number): OpenWork =>
  ({
    stats: () => Promise.resolve([{ queue, open, due: 0, oldestSinceMs: undefined, oldestDueAtMs: undefined }]),
  }) as unknown as OpenWork;
