import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Projected } from './projection-writer.ts';

export interface FeedListener {
  /** Called synchronously, in position order, for what `wants` let through. Must not throw. */
  readonly onProjected: (projected: Projected) => void;
  readonly wants: (event: RecordedEvent) => boolean;
}

/** What has been projected and can be read, told to whoever listens in this process. Costs nothing when nobody does. */
export class ChangeFeed {
  readonly #listeners = new Set<FeedListener>();
  #position: bigint;

  constructor(position: bigint) {
    this.#position = position;
  }

  /** Everything up to here was told; what comes behind it will be. */
  get position(): bigint {
    return this.#position;
  }

  /** Starts telling about events behind {@link position}; call the result to stop. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(projected: readonly Projected[], position: bigint): void {
    this.#position = position;
    if (this.#listeners.size === 0) return;
    for (const item of projected) for (const { wants, onProjected } of this.#listeners) if (wants(item.event)) onProjected(item);
  }
}
