import { ConflictError, NotFoundError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { categoryOf, type EventBody, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { StepFaulted } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import type { Hint, MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { ActContext, Folded, SagaRuntime, WorkOptions, Working } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { CallReport, Command, ExternalCall, Flow } from '@sagahub/contracts/saga.ts';
import { SPANS } from '@sagahub/contracts/telemetry-names.ts';
import { commandEvents, runDecisions } from './deciding.ts';
import { Draft } from './draft.ts';
import { FoldCache } from './fold-cache.ts';
import { emptyFold, foldRecorded, isSettled, pendingSteps } from './folding.ts';
import type { Participants } from './participants.ts';
import { SagaMetrics } from './saga-metrics.ts';
import { Waiters } from './waiters.ts';
import { startWorker } from './worker.ts';

export interface RuntimePorts {
  readonly store: EventStore;
  readonly openWork: OpenWork;
  readonly bus: MessageBus;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface RuntimeOptions {
  /**
   * This process alone takes work (the embedded profile): at start everything open is looked at again, since nobody else can be at it.
   */
  readonly soleWorker: boolean;
  /** Default true. False: commands are still carried out, but nothing due is worked on; a later start finds all of it. */
  readonly takesWork?: boolean;
}

/**
 * How streams of any flow are read, decided on and appended to. Decisions are conditional (on conflict: reload, decide again), facts
 * are always recorded (on conflict: append again behind what came, unless that outcome is there already).
 */
export class StreamRuntime implements SagaRuntime {
  readonly ports: RuntimePorts;
  readonly options: RuntimeOptions;
  readonly #flows: ReadonlyMap<string, Flow>;
  readonly #waiters: Waiters;
  readonly #cache: FoldCache;
  readonly #metrics: SagaMetrics;

  constructor(flows: readonly Flow[], ports: RuntimePorts, options: RuntimeOptions) {
    this.ports = ports;
    this.options = options;
    this.#flows = new Map(flows.map((flow) => [flow.name, flow]));
    this.#waiters = new Waiters(ports.clock);
    this.#cache = new FoldCache((folded) => this.#waiters.notify(folded));
    this.#metrics = new SagaMetrics(ports.telemetry);
  }

  get takesWork(): boolean {
    return this.options.takesWork ?? true;
  }

  get categories(): readonly string[] {
    return [...this.#flows.keys()];
  }

  async load<State>(stream: string): Promise<Folded<State>> {
    const known = this.#cache.get(stream) ?? emptyFold(this.#flowOf(stream), stream);
    const events = await this.ports.store.readStream(stream, { from: known.revision + 1 });
    return this.#advance(known, events) as Folded<State>;
  }

  /** Folds events of one stream that were just read off the log, reading what lies before them when it is not in memory. */
  async follow(stream: string, events: readonly RecordedEvent[]): Promise<Folded> {
    const known = this.#cache.get(stream) ?? emptyFold(this.#flowOf(stream), stream);
    const news = events.filter((event) => event.revision > known.revision);
    if (news.length === 0) return known;
    return news[0]!.revision === known.revision + 1 ? this.#advance(known, news) : this.load(stream);
  }

  /** Forgets an ended stream; it is read again should anybody ask. */
  forget(stream: string): void {
    this.#cache.drop(stream);
  }

  async execute(
    stream: string,
    command: Command,
    context: ActContext & { readonly expectedRevision?: number },
  ): Promise<{ events: readonly RecordedEvent[]; folded: Folded }> {
    const { expectedRevision } = context;
    for (;;) {
      const folded = await this.load(stream);
      if (folded.revision === -1) throw new NotFoundError(stream);
      if (expectedRevision !== undefined && folded.revision !== expectedRevision) throw changedMeanwhile(folded, expectedRevision);
      const nowMs = this.ports.clock.now();
      const draft = new Draft(folded, context, nowMs);
      draft.record(commandEvents(folded, command, nowMs));
      if (draft.events.length === 0) return { events: [], folded };
      await runDecisions(draft, 'advance', nowMs);
      if (await this.append(draft))
        return { events: await this.ports.store.readStream(stream, { from: folded.revision + 1 }), folded: draft.folded };
    }
  }

  async preview(stream: string, command: Command): Promise<{ events: readonly EventBody[]; folded: Folded }> {
    const folded = await this.load(stream);
    if (folded.revision === -1) throw new NotFoundError(stream);
    const nowMs = this.ports.clock.now();
    const draft = new Draft(folded, { actor: 'hub' }, nowMs);
    draft.record(commandEvents(folded, command, nowMs));
    return { events: draft.events, folded: draft.folded };
  }

  async report(
    stream: string,
    call: Pick<ExternalCall, 'step' | 'operation' | 'attempt'>,
    report: CallReport,
    context: ActContext & { readonly expectedRevision?: number },
  ): Promise<boolean> {
    for (let isRead = false; ; isRead = true) {
      const folded = isRead ? await this.load(stream) : await this.#lastSeen(stream);
      const isMoved = context.expectedRevision !== undefined && folded.revision !== context.expectedRevision;
      const nowMs = this.ports.clock.now();
      const draft = new Draft(folded, context, nowMs);
      if (!isMoved) draft.record(folded.flow.report(folded.state, call, report));
      if (draft.events.length > 0) {
        await runDecisions(draft, 'advance', nowMs);
        if (await this.append(draft)) return true;
      } else if (isRead) return false; // what was seen earlier is no reason to leave a fact out
    }
  }

  /** A due step of a saga, of which its worker has just read the stream: decides, asking participants, until it rests; one append for all of it. */
  async decide(hint: Hint, participants: Participants): Promise<void> {
    for (let isRead = true; ; isRead = false) {
      const folded = isRead ? await this.#lastSeen(hint.stream) : await this.load(hint.stream);
      const nowMs = this.ports.clock.now();
      const span = this.ports.telemetry.startSpan(SPANS.sagaAdvance.name, {
        parent: folded.traceparent,
        attributes: { 'hub.saga': folded.flow.name, 'hub.stream': hint.stream, 'hub.step': hint.step },
      });
      try {
        const draft = new Draft(folded, { actor: `saga:${folded.flow.name}`, traceparent: span.traceparent }, nowMs);
        const end = await runDecisions(draft, hint.step, nowMs, participants);
        if (draft.events.length === 0) {
          if (end.kind === 'wait') await this.defer(hint, end.untilMs);
          return;
        }
        if (await this.append(draft)) return;
      } catch (error) {
        span.fail(error);
        throw error;
      } finally {
        span.end();
      }
    }
  }

  /** A handler threw: counted in the stream itself, so that every process knows. Nothing, when the step is not pending any more. */
  async recordFault(hint: Hint, error: unknown, nextAtMs: (count: number, firstMs: number) => number | undefined): Promise<void> {
    for (;;) {
      const folded = await this.load(hint.stream);
      if (!pendingSteps(folded).some(({ step }) => step === hint.step)) return;
      const nowMs = this.ports.clock.now();
      const attempt = (folded.faults?.get(hint.step)?.count ?? 0) + 1;
      const dueAtMs = nextAtMs(attempt, nowMs);
      const faulted: StepFaulted = {
        type: 'StepFaulted',
        data: {
          step: hint.step,
          attempt,
          error: describeFault(error),
          ...(dueAtMs !== undefined && { nextAt: new Date(dueAtMs).toISOString() }),
        },
      };
      const draft = new Draft(folded, { actor: 'hub' }, nowMs);
      draft.record([faulted]);
      if (await this.append(draft)) return;
    }
  }

  /** @returns false on a conflict: somebody was faster, decide again */
  async append(draft: Draft): Promise<boolean> {
    const { base } = draft;
    try {
      const { revision } = await this.ports.store.append({ stream: base.stream, expectedRevision: base.revision, events: draft.events });
      const folded = { ...draft.folded, revision };
      this.#metrics.appended(base, folded, draft.events);
      const { correlationId, traceparent } = base;
      const types = draft.events.map(({ type }) => type).join(' ');
      this.ports.telemetry.logger.debug('recorded', { stream: base.stream, revision, events: types, correlationId, traceparent });
      this.#cache.put(folded);
      return true;
    } catch (error) {
      if (error instanceof RevisionConflictError) return false;
      throw error;
    }
  }

  defer(hint: Hint, dueAtMs: number): Promise<void> {
    return this.ports.openWork.defer(hint, dueAtMs);
  }

  wake(queue: string, spreadMs: number): Promise<number> {
    return this.ports.openWork.wake(queue, this.ports.clock.now(), spreadMs);
  }

  async work(queue: string, options: WorkOptions): Promise<Working> {
    return this.takesWork ? startWorker(this, queue, options) : NO_WORK;
  }

  async settled(stream: string, timeoutMs: number, signal: AbortSignal): Promise<Folded> {
    return this.#waiters.wait(stream, () => this.load(stream), isSettled, timeoutMs, signal);
  }

  /** For a first try, without reading: what is appended at a revision that has passed is refused. */
  async #lastSeen(stream: string): Promise<Folded> {
    return this.#cache.get(stream) ?? this.load(stream);
  }

  #advance(known: Folded, events: readonly RecordedEvent[]): Folded {
    if (events.length === 0) return known;
    const folded = events.reduce(foldRecorded, known);
    this.#cache.put(folded);
    return folded;
  }

  #flowOf(stream: string): Flow {
    const flow = this.#flows.get(categoryOf(stream));
    if (!flow) throw new NotFoundError(stream);
    return flow;
  }
}

const NO_WORK: Working = { waiting: 0, [Symbol.asyncDispose]: () => Promise.resolve() };

const changedMeanwhile = ({ stream, revision }: Folded, expected: number): ConflictError =>
  new ConflictError('HUB_CHANGED_MEANWHILE', `${stream} is at revision ${revision}; you decided on ${expected}`, { revision });

/** Longest fault text kept in an event. */
const FAULT_TEXT_LIMIT = 300;
const describeFault = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, FAULT_TEXT_LIMIT);
