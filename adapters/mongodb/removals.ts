import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import type { Db } from 'mongodb';
import type { GenerationsPointer, Retired } from './generations.ts';
import { inTime } from './in-time.ts';
import { Progress } from './progress.ts';

export interface RemovalsOptions {
  readonly db: Db;
  readonly pointer: GenerationsPointer;
  readonly progress: Progress;
  readonly nameOf: (collection: string, generation: number) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Readers in other processes may still be on their way to what was replaced. */
  readonly afterMs: number;
  readonly answerWithinMs: number;
}

/** Removes documents that were replaced by another generation, a while later. What a stop cuts short is left to the next start. */
export class Removals implements AsyncDisposable {
  readonly #options: RemovalsOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: RemovalsOptions) {
    this.#options = options;
  }

  removeLater(retired: Retired): void {
    const running = this.#remove(retired)
      .catch((error: unknown) =>
        this.#options.logger.warn('replaced documents could not be removed; the next start tries again', { reason: String(error) }),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  async #remove({ projection, generation, collections }: Retired): Promise<void> {
    const { clock, afterMs, answerWithinMs } = this.#options;
    await clock.sleep(afterMs, this.#closing.signal);
    if (!this.#closing.signal.aborted) await inTime(answerWithinMs, () => this.#removeNow({ projection, generation, collections }));
  }

  async #removeNow({ projection, generation, collections }: Retired): Promise<void> {
    const { db, pointer, progress, nameOf } = this.#options;
    await progress.remove(Progress.keyOf(projection, generation));
    for (const one of collections) await db.dropCollection(nameOf(one.name, one.generation));
    const isIt = (one: Retired) => one.projection === projection && one.generation === generation;
    await pointer.change((state) => [{ ...state, retired: state.retired.filter((one) => !isIt(one)) }, undefined]);
  }
}
