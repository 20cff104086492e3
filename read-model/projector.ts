import { SupersededError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { RebuildProgress } from '@sagahub/contracts/api/operations-views.ts';
import { LogOutOfReachError, watchLog } from '@sagahub/contracts/log-watch.ts';
import { Patience } from '@sagahub/contracts/patience.ts';
import type { Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type { Candidacy, Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { aborted } from '@sagahub/contracts/aborted.ts';
import { Mutex } from './mutex.ts';
import { rebuild } from './rebuild.ts';
import { DocumentsLostError, ProjectionWriter, readParked } from './projection-writer.ts';
import { readProjectionRecord } from './projection-record.ts';
import type { ParkedStream, ParkedStreams } from './parked-streams.ts';
import { categoriesOf, collectionsOf, type Projection } from './projections/projection.ts';

export interface ProjectorOptions {
  /** How long events gather before they are written, up to three times as long where writing is slow; an idle projector writes at once. */
  readonly windowMs: number;
  /** A batch this large is written without waiting. */
  readonly batchSize: number;
  /** Documents kept in memory. */
  readonly hotDocuments: number;
}

/**
 * Where writing is slow, events gather for longer: twice as long as the last write took, and at most so many windows. So a slow store is
 * kept busy a third of the time, and a document is written once for what would otherwise be two or three writes.
 */
const MOST_WINDOWS = 3;
/** How long to wait before what failed (a write, the subscription) is tried again. */
const RETRY_MS = 1_000;
/** How often documents are looked after that nobody writes. */
const LOOK_AFTER_DOCUMENTS_MS = 10_000;
/** More than so many events behind is far behind, however many it is. */
const COUNTED_EVENTS = 1_000;

/** What a projection has on disk. */
export interface Written {
  /** Position of the last event whose effects are there. */
  readonly checkpoint: bigint;
  readonly parked: ParkedStreams;
}

export interface ProjectorStatus {
  /** Everything up to here is projected. */
  readonly position: bigint;
  readonly lagEvents: number;
  /** Age of the oldest event not yet projected. */
  readonly lagSeconds: number;
  readonly parked: readonly ParkedStream[];
  /** Why the last write failed; it is being retried. */
  readonly failing: string | undefined;
  /** The rebuild under way. */
  readonly rebuilding: RebuildProgress | undefined;
}

/**
 * Follows the log from the projection's checkpoint and keeps its documents current.
 *
 * Batches adapt: what is there is written at once, then events gather for the window while the store holds them back. An idle hub shows
 * a change within milliseconds; under load a document is written about once per window however many events it gets.
 */
export class Projector implements AsyncDisposable {
  readonly projection: Projection;
  /** Progress of a rebuild, for {@link status}. */
  rebuilding: RebuildProgress | undefined;
  /** Called when this process leads and finds documents that older folds had a part in: theirs is no place to fold into for long. */
  whenOutdated: () => void = () => {};
  readonly #writer: ProjectionWriter;
  readonly #ports: Ports;
  readonly #options: ProjectorOptions;
  readonly #mutex = new Mutex();
  readonly #stopping = new AbortController();
  #candidacy: Candidacy | undefined;
  #subscription: Subscription | undefined;
  /** In the present term. */
  readonly #patience: Patience;
  #failing: string | undefined;
  #running: Promise<RebuildProgress> | undefined;

  private constructor(writer: ProjectionWriter, ports: Ports, options: ProjectorOptions) {
    this.projection = writer.projection;
    this.#writer = writer;
    this.#ports = ports;
    this.#options = options;
    this.#patience = new Patience(ports.clock);
  }

  static async start(projection: Projection, ports: Ports, options: ProjectorOptions): Promise<Projector> {
    const projector = new Projector(await ProjectionWriter.open(projection, ports.documents, options.hotDocuments), ports, options);
    projector.#candidacy = ports.leadership.lead(`projector-${projection.name}`, (term) => projector.#lead(term));
    return projector;
  }

  /** Position of the last event whose effects are on disk, as far as this process knows: another one may project. */
  get checkpoint(): bigint {
    return this.#writer.checkpoint;
  }

  /** What is on disk now, whichever process wrote it. */
  async written(): Promise<Written> {
    if (this.#candidacy?.term) return { checkpoint: this.checkpoint, parked: this.#writer.parked };
    const { documents } = this.#ports;
    const record = await readProjectionRecord(this.projection.name, documents);
    return { checkpoint: BigInt(record?.position ?? 0), parked: await readParked(this.projection.name, documents) };
  }

  /** Had other folds than these a part in the documents? */
  get outdated(): boolean {
    return this.#writer.outdated;
  }

  /** See {@link ProjectionWriter.fitsCheckpoint}. */
  get isUnfit(): boolean {
    return !this.#writer.fitsCheckpoint;
  }

  /** Is it being stopped? What is carried out for it ends then, and is gone on with by the next start. */
  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** One at a time: joins the one that is running. It ends with the projector; the next start goes on with it. */
  rebuild(): Promise<RebuildProgress> {
    this.#running ??= rebuild(this, this.#ports, { signal: this.#stopping.signal }).finally(() => {
      this.#running = undefined;
      this.rebuilding = undefined;
    });
    return this.#running;
  }

  async status(): Promise<ProjectorStatus> {
    const { checkpoint, parked } = await this.written();
    const seen = this.#subscription?.position ?? checkpoint;
    const position = seen > checkpoint ? seen : checkpoint;
    const head = await this.#ports.store.lastPosition();
    const waiting = head > position ? await this.#oldestBehind(position) : undefined;
    return {
      position,
      lagEvents: waiting ? await this.#eventsBetween(position, head) : 0,
      lagSeconds: waiting ? Math.max(0, (this.#ports.clock.now() - Date.parse(waiting.metadata.time)) / 1_000) : 0,
      parked: parked.list(),
      failing: this.#failing,
      rebuilding: this.rebuilding,
    };
  }

  /** Tries parked streams again, all of them or the one named. Resolves with those tried and why some are still parked. */
  async retryParked(stream?: string): Promise<readonly { readonly stream: string; readonly error?: string }[]> {
    await this.#mutex.run(() => this.#catchUpWithOthers());
    const streams = this.#writer.parked.list().filter((parked) => stream === undefined || parked.stream === stream);
    return Promise.all(
      streams.map(async (parked) => {
        const error = await this.#mutex.run(async () =>
          this.#writer.retry(parked.stream, await this.#ports.store.readStream(parked.stream)),
        );
        return { stream: parked.stream, ...(error !== undefined && { error }) };
      }),
    );
  }

  /** Holds writing back while `swap` puts another generation in place at the same checkpoint; documents stay readable throughout. */
  exchange(swap: (checkpoint: bigint) => Promise<void>): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#catchUpWithOthers();
      await swap(this.#writer.checkpoint);
      await this.#writer.reload();
    });
  }

  /** Before this process writes although another one projects; that one reads anew what was written here, once its own write is refused. */
  async #catchUpWithOthers(): Promise<void> {
    if (!this.#candidacy?.term) await this.#writer.reload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#candidacy?.[Symbol.asyncDispose]();
    await this.#running?.catch(() => {}); // told to whoever began it
    await this.#mutex.run(() => Promise.resolve());
  }

  /** Projects for as long as this process leads, or until nothing it does goes well, going on from where a predecessor left off. */
  async #lead(term: Term): Promise<void> {
    const { signal } = term;
    this.#patience.regain();
    while (!signal.aborted) {
      try {
        await this.#mutex.run(() => this.#writer.reload(term));
        const unfit = await this.#whyUnfit();
        if (unfit !== undefined) {
          await this.#foldAnew(unfit, signal);
          continue;
        }
        if (this.#writer.behind) this.whenOutdated();
        await using subscription = this.#ports.store.subscribe({
          after: this.checkpoint,
          batchSize: this.#options.batchSize,
          categories: categoriesOf(this.projection),
          onEvents: (events) => this.#project(events, term),
        });
        this.#subscription = subscription;
        using watch = watchLog(this.#ports);
        await Promise.race([subscription.done, aborted(signal), this.#watchDocuments(subscription, term), watch.lost]);
      } catch (error) {
        if (signal.aborted) break;
        this.#failing = error instanceof Error ? error.message : String(error);
        this.#ports.telemetry.logger.error(
          'a projection stumbled; it goes on from its checkpoint',
          { projection: this.projection.name },
          error,
        );
        if (error instanceof LogOutOfReachError || this.#patience.isLost()) break;
        await this.#ports.clock.sleep(RETRY_MS, signal);
      } finally {
        this.#subscription = undefined;
      }
    }
    this.#failing = undefined; // another one's to tell
  }

  /**
   * Nothing need happen for somebody to notice that the documents were emptied, all or some: those that were not written lately are read again, with all
   * that is known of them, as who has read the checkpoint may write. @throws DocumentsLostError
   */
  async #watchDocuments(subscription: Subscription, term: Term): Promise<void> {
    const { signal } = term;
    const isOver = (): boolean => signal.aborted || this.#subscription !== subscription;
    for (let before = this.checkpoint; ; before = this.checkpoint) {
      await this.#ports.clock.sleep(LOOK_AFTER_DOCUMENTS_MS, signal);
      if (isOver()) return;
      // A store that is away fails every write too, which is told where it is tried again.
      if (!(await this.#isWhole().catch(() => true))) throw new DocumentsLostError(`documents of ${this.projection.name} were removed`);
      await this.#mutex.run(async () => {
        if (isOver() || this.checkpoint !== before) return; // a write would have told
        await this.#writer.reloadAtLeast(term).catch((error: unknown) => {
          if (error instanceof DocumentsLostError || error instanceof SupersededError) throw error;
        });
      });
    }
  }

  #isWhole(): Promise<boolean> {
    return this.#ports.documents.isWhole(collectionsOf(this.projection).map(({ name }) => name));
  }

  /**
   * Why nothing can be folded into these documents: they know events that the log has not, as it was restored to an earlier moment, and what comes now would
   * pass for projected already; or somebody removed some of them and left the others.
   */
  async #whyUnfit(): Promise<string | undefined> {
    if (this.checkpoint > (await this.#ports.store.lastPosition())) return 'the log ends before what was folded from it';
    if (!this.#writer.fitsCheckpoint || !(await this.#isWhole())) return 'documents were removed';
    return undefined;
  }

  async #foldAnew(reason: string, signal: AbortSignal): Promise<void> {
    const projection = this.projection.name;
    this.#ports.telemetry.logger.warn('a projection is folded anew', { projection, reason });
    await Promise.race([this.rebuild(), aborted(signal)]);
    this.#failing = undefined;
  }

  async #project(events: readonly RecordedEvent[], term: Term): Promise<void> {
    const span = this.#ports.telemetry.startSpan('hub.projection.batch', {
      kind: 'consumer',
      attributes: { 'hub.projection': this.projection.name, 'hub.events': events.length },
    });
    const { clock } = this.#ports;
    const startedMs = clock.now();
    try {
      await this.#writeUntilDone(events, term);
    } finally {
      span.end();
    }
    const tookMs = clock.now() - startedMs;
    if (!(await this.#isBehind(events))) await clock.sleep(this.#windowAfter(tookMs), this.#stopping.signal);
  }

  #windowAfter(writeMs: number): number {
    const { windowMs } = this.#options;
    return Math.max(windowMs, Math.min(2 * writeMs, MOST_WINDOWS * windowMs));
  }

  /** Is a whole batch waiting already? Then there is nothing to gather. */
  async #isBehind(events: readonly RecordedEvent[]): Promise<boolean> {
    const last = events.at(-1)?.position ?? 0n;
    return (await this.#ports.store.lastPosition()) - last >= BigInt(this.#options.batchSize);
  }

  /** A store that fails for a while delays the projection and nothing else. */
  async #writeUntilDone(events: readonly RecordedEvent[], term: Term): Promise<void> {
    for (let failed = false; ; failed = true) {
      try {
        await this.#mutex.run(() => this.#writer.write(events, term));
        this.#failing = undefined;
        this.#patience.regain();
        if (failed && this.#writer.behind) this.whenOutdated(); // an older release may have put documents of its own in their place
        return;
      } catch (error) {
        // Stopping, or another one leads: the events stay behind the checkpoint, whoever is next takes them. Lost documents: they are folded from theirs.
        if (this.#stopping.signal.aborted || term.signal.aborted || error instanceof SupersededError || error instanceof DocumentsLostError)
          throw error;
        this.#failing = error instanceof Error ? error.message : String(error);
        if (this.#patience.isLost()) throw error; // and #lead gives the lead up
        this.#ports.telemetry.logger.error('a projection could not be written, trying again', { projection: this.projection.name }, error);
        await this.#ports.clock.sleep(RETRY_MS, this.#stopping.signal);
      }
    }
  }

  /** Where positions have gaps, events are counted, up to {@link COUNTED_EVENTS}. */
  async #eventsBetween(after: bigint, upTo: bigint): Promise<number> {
    const { store } = this.#ports;
    if (store.densePositions) return Number(upTo - after);
    return (await store.readAll({ after, limit: COUNTED_EVENTS, categories: categoriesOf(this.projection) })).length;
  }

  async #oldestBehind(position: bigint): Promise<RecordedEvent | undefined> {
    const categories = categoriesOf(this.projection);
    const [oldest] = await this.#ports.store.readAll({ after: position, limit: 1, categories });
    return oldest;
  }
}
