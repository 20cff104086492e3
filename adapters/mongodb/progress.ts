import { randomInt } from 'node:crypto';
import { RevisionConflictError, SupersededError } from '@sagahub/contracts/errors.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { Binary, type Collection } from 'mongodb';
import { applyBatch, type Batch, decodeBatch, encodeBatch, type Places } from './batch.ts';
import { NothingThereError } from './generations.ts';
import { inTime } from './in-time.ts';

/** How far a projection is in one generation, and the last batch it wrote. */
export interface ProgressForm {
  readonly _id: string;
  /** Counts the writes, from a number by chance: whoever writes next must have seen this one, and not one of an entry that was there before. */
  readonly version: number;
  /** Decimal. */
  readonly position: string;
  /** Of the newest term that took over; raised together with the version. Absent: nobody ever did. */
  readonly epoch?: number;
  /** The documents of the last write, in case its writer did not come to putting them in their places. */
  readonly batch?: Binary;
}

const DUPLICATE_KEY = 11_000;
/** Leaves a thousand million writes before a number takes more room. */
const MOST_FIRST = 2 ** 30;
/** Of an entry that is gone. */
const NO_VERSION = -1;

/** What this process knows of an entry, all of it applied. */
interface Known {
  readonly version: number;
  readonly epoch: number | undefined;
}

/**
 * One document per projection and generation makes a write whole without a transaction:
 *
 * 1. Checkpoint and documents together replace those of the write before, in this one document, if nobody has written since: here the write
 *    has happened or not, and a projector that was overtaken while it slept fails here.
 * 2. The documents are put in their places, each only over a lower revision.
 *
 * Who reads a checkpoint puts the documents of its write in their places first, unless it knows that they are: so a checkpoint never tells of
 * documents that are not there, whoever died between 1 and 2. A batch that comes late finds higher revisions and changes nothing.
 *
 * Whoever leads writes its epoch there first, so that nobody of an earlier term can write any more, even if its process has read the entry since.
 */
export class Progress {
  readonly #places: Places;
  readonly #entries: Collection<ProgressForm>;
  readonly #answerWithinMs: number;
  readonly #known = new Map<string, Known>();
  /** Writes of one entry wait for each other. */
  readonly #lines = new Map<string, Promise<unknown>>();

  /** @param answerWithinMs a write that takes longer lets the next one of its entry have its turn */
  constructor(entries: Collection<ProgressForm>, places: Places, answerWithinMs: number) {
    this.#places = places;
    this.#entries = entries;
    this.#answerWithinMs = answerWithinMs;
  }

  static keyOf(projection: string, generation: number): string {
    return `progress:${projection}#${generation}`;
  }

  /** The checkpoint, with all its documents in place; from here on this process may write. Creates the entry. */
  read(key: string): Promise<bigint> {
    return this.#inLine(key, async () => BigInt((await this.#catchUp(key)).position));
  }

  /** The checkpoint, for a term that begins. @throws SupersededError a later one has begun */
  takeOver(key: string, term: Term): Promise<bigint> {
    return this.#inLine(key, async () => {
      for (;;) {
        const { version, position, epoch } = await this.#catchUp(key);
        requireNewest(term, epoch);
        const next = { version: version + 1, epoch: Number(term.epoch) };
        if (epoch === next.epoch) return BigInt(position);
        const { matchedCount } = await this.#entries.updateOne({ _id: key, version }, { $set: next });
        if (matchedCount === 0) continue; // somebody wrote meanwhile
        this.#known.set(key, next);
        return BigInt(position);
      }
    });
  }

  /**
   * Whoever writes next must have read the checkpoint since: another generation is to take the place of this one.
   * @throws RevisionConflictError somebody else has written since the checkpoint was read here; they too must read it before they go on
   */
  seal(key: string): Promise<void> {
    return this.#inLine(key, async () => {
      const read = this.#known.get(key)?.version;
      for (;;) {
        const { version, epoch } = await this.#catchUp(key);
        const { matchedCount } = await this.#entries.updateOne({ _id: key, version }, { $set: { version: version + 1 } });
        if (matchedCount === 0) continue; // somebody wrote meanwhile
        this.#known.set(key, { version: version + 1, epoch });
        if (read !== undefined && read !== version) throw new RevisionConflictError(key, read, version);
        return;
      }
    });
  }

  /** What was refused for one entry is refused for the other from now on. */
  inherit(from: string, to: string): Promise<void> {
    return this.#inLine(to, async () => {
      const epoch = (await this.#entries.findOne({ _id: from }))?.epoch;
      if (epoch === undefined) return;
      const { version } = await this.#catchUp(to);
      const next = { version: version + 1, epoch };
      const { matchedCount } = await this.#entries.updateOne({ _id: to, version }, { $set: next });
      if (matchedCount === 0) throw new RevisionConflictError(to, version, version + 1);
      this.#known.set(to, next);
    });
  }

  /**
   * @throws RevisionConflictError somebody else has written since the checkpoint was read here; reading it again mends it
   * @throws SupersededError a later term has taken over
   */
  write(key: string, position: bigint, batch: Batch, term?: Term): Promise<void> {
    return this.#inLine(key, async () => {
      const { version, epoch } = this.#known.get(key) ?? (await this.#catchUp(key));
      requireNewest(term, epoch);
      const next = { version: version + 1, position: String(position) };
      const { matchedCount } = await this.#entries.updateOne(
        { _id: key, version },
        batch.size === 0 ? { $set: next, $unset: { batch: 1 } } : { $set: { ...next, batch: new Binary(await encodeBatch(batch)) } },
      );
      if (matchedCount === 0) {
        const found = await this.#entries.findOne({ _id: key });
        requireNewest(term, found?.epoch);
        throw new RevisionConflictError(key, version, found?.version ?? NO_VERSION);
      }
      await applyBatch(this.#places, batch);
      this.#known.set(key, { version: next.version, epoch });
    });
  }

  async create(key: string): Promise<void> {
    try {
      await this.#entries.insertOne({ _id: key, version: randomInt(MOST_FIRST), position: '0' });
    } catch (error) {
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error;
    }
  }

  /** Nobody can write to it any more. */
  async remove(key: string): Promise<void> {
    this.#known.delete(key);
    await this.#entries.deleteOne({ _id: key });
  }

  /** Everything was removed: what is known of it is no more. Whoever wrote to any of it is refused until it has read the checkpoint again. */
  forget(): void {
    for (const key of this.#known.keys()) this.#known.set(key, { version: NO_VERSION, epoch: undefined });
    this.#places.present.clear();
  }

  async #catchUp(key: string): Promise<ProgressForm> {
    let entry = await this.#entries.findOne({ _id: key });
    if (!entry) {
      await this.create(key);
      entry = await this.#entries.findOne({ _id: key });
    }
    if (!entry) throw new NothingThereError(`${key} was removed as it was made`);
    if (entry.batch && this.#known.get(key)?.version !== entry.version)
      await applyBatch(this.#places, await decodeBatch(entry.batch.buffer));
    this.#known.set(key, { version: entry.version, epoch: entry.epoch });
    return entry;
  }

  #inLine<T>(key: string, act: () => Promise<T>): Promise<T> {
    const inTurn = () => inTime(this.#answerWithinMs, act);
    const turn = (this.#lines.get(key) ?? Promise.resolve()).then(inTurn, inTurn);
    this.#lines.set(key, turn);
    return turn;
  }
}

const requireNewest = (term: Term | undefined, epoch = 0): void => {
  if (term && epoch > Number(term.epoch)) throw new SupersededError(term.name, term.epoch);
};
