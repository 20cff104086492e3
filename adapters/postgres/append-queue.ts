import { RequestKeyTakenError, RevisionConflictError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type Append, type AppendResult, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { type ChainedAppend, writeBatch } from './append-batch.ts';
import type { Session, Statement } from './database.ts';
import { encodeAppend } from './encoded-append.ts';
import { isConnectionFailure, isTransient } from './errors.ts';
import type { StreamHeads } from './stream-heads.ts';

const MAX_BATCH = 200;
const MAX_BATCH_UNITS = 4 * 1024 * 1024;
/** How long an append may wait for a server that is away (restarting, failing over) before its caller is told. */
const PATIENCE_MS = 5_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 800;

interface Pending {
  readonly append: Append;
  readonly texts: readonly string[];
  readonly units: number;
  readonly giveUpAtMs: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

const STORED: Statement = {
  name: 'stored',
  text: `SELECT convert_from(e.bytes, 'UTF8') FROM streams s JOIN events e ON e.stream = s.key
    WHERE s.name = $1 AND e.revision BETWEEN $2 AND $3 ORDER BY e.revision`,
};

/**
 * Group commit: while one batch is with the server, what is asked meanwhile becomes the next. A batch holds one append per stream at
 * most; another one to the same stream waits for its outcome.
 *
 * When the connection fails, nobody knows whether the batch was committed. It is simply sent again: what was committed is then recognised by the ids
 * of its events, and has succeeded.
 */
export class AppendQueue {
  readonly #session: Session;
  readonly #heads: StreamHeads;
  readonly #clock: Clock;
  readonly #onWritten: (first: bigint, last: bigint) => void;
  #waiting: Pending[] = [];
  #working: Promise<void> | undefined;

  /** @param onWritten told after each commit which rows of `unsequenced` it wrote */
  constructor(session: Session, heads: StreamHeads, clock: Clock, onWritten: (first: bigint, last: bigint) => void) {
    this.#session = session;
    this.#heads = heads;
    this.#clock = clock;
    this.#onWritten = onWritten;
  }

  append(append: Append): Promise<AppendResult> {
    const texts = encodeAppend(append);
    const units = texts.reduce((sum, text) => sum + text.length, 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ append, texts, units, giveUpAtMs: this.#clock.now() + PATIENCE_MS, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Resolves when everything asked before is settled. */
  async drained(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    // After the callbacks of this pass of the event loop, so that all they ask for shares a transaction.
    await new Promise((resolve) => setImmediate(resolve));
    for (let pauseMs = FIRST_PAUSE_MS; this.#waiting.length > 0; ) {
      const batch = this.#nextBatch();
      try {
        await this.#write(batch);
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (error instanceof UnavailableError && (isConnectionFailure(error.cause) || isTransient(error.cause))) {
          this.#putBack(batch, error);
          await this.#clock.sleep(pauseMs);
          pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
        } else if (batch.length === 1 || error instanceof UnavailableError) for (const { reject } of batch) reject(error);
        else for (const one of batch) await this.#write([one]).catch(one.reject); // one of them is to blame, the others are not
      }
    }
    this.#working = undefined;
  }

  #nextBatch(): Pending[] {
    const batch = new Map<string, Pending>();
    const later: Pending[] = [];
    let units = 0;
    for (const pending of this.#waiting) {
      const fits = batch.size === 0 || (batch.size < MAX_BATCH && units + pending.units <= MAX_BATCH_UNITS);
      if (!fits || batch.has(pending.append.stream)) later.push(pending);
      else {
        batch.set(pending.append.stream, pending);
        units += pending.units;
      }
    }
    this.#waiting = later;
    return [...batch.values()];
  }

  #putBack(batch: readonly Pending[], error: unknown): void {
    const nowMs = this.#clock.now();
    const patient = batch.filter(({ giveUpAtMs }) => giveUpAtMs > nowMs);
    for (const { giveUpAtMs, reject } of batch) if (giveUpAtMs <= nowMs) reject(error);
    this.#waiting = [...patient, ...this.#waiting];
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const unknown = batch.filter(({ append }) => !this.#heads.expectedBy(append)).map(({ append }) => append.stream);
    if (unknown.length > 0) await this.#heads.read(unknown);
    const chained: (ChainedAppend & { readonly pending: Pending })[] = [];
    const lost: Pending[] = [];
    for (const [rank, pending] of batch.entries()) {
      const { append, texts } = pending;
      const head = this.#heads.expectedBy(append);
      if (head) chained.push({ append, texts, head, rank, pending });
      else lost.push(pending);
    }
    if (chained.length > 0) {
      chained.sort(byStream);
      const { heads, owners, waiting } = await writeBatch(this.#session, chained);
      if (waiting) this.#onWritten(...waiting);
      const losers = new Set(chained.filter((_, index) => !heads[index]).map(({ append }) => append.stream));
      for (const [index, { pending }] of chained.entries()) {
        const head = heads[index];
        const owner = owners.get(index);
        if (head) {
          this.#heads.set(pending.append.stream, head);
          pending.resolve({ revision: head.revision });
        } else if (owner !== undefined && losers.has(owner))
          this.#waiting.unshift(pending); // its holder failed too, and let go of the key
        else lost.push(pending);
        if (owner !== undefined && !losers.has(owner)) this.#owners.set(pending, owner);
      }
    }
    await this.#settleLost(lost);
  }

  /** Streams that hold the request keys of appends in hand. */
  readonly #owners = new WeakMap<Pending, string>();

  async #settleLost(lost: readonly Pending[]): Promise<void> {
    if (lost.length === 0) return;
    const heads = await this.#heads.read(lost.map(({ append }) => append.stream));
    for (const pending of lost) {
      const { append } = pending;
      const { stream, expectedRevision, events } = append;
      const actual = heads.get(stream)?.revision ?? NO_STREAM;
      const last = expectedRevision + events.length;
      const owner = this.#owners.get(pending);
      if (actual >= last && (await this.#isStored(append))) pending.resolve({ revision: last });
      else if (actual === expectedRevision && owner !== undefined) pending.reject(new RequestKeyTakenError(owner));
      else pending.reject(new RevisionConflictError(stream, expectedRevision, actual));
    }
  }

  /** Whether the stream holds the call's own events right where the call would have put them. */
  async #isStored({ stream, expectedRevision, events }: Append): Promise<boolean> {
    const rows = await this.#session.rows<[string]>(STORED, [stream, expectedRevision + 1, expectedRevision + events.length]);
    return rows.length === events.length && rows.every(([bytes], index) => decodeEvent(bytes).id === events[index]?.id);
  }
}

/** By bytes, as the server compares them: the order in which everybody locks streams. */
const byStream = (a: ChainedAppend, b: ChainedAppend): number => Buffer.compare(Buffer.from(a.append.stream), Buffer.from(b.append.stream));
