import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { aborted } from '@sagahub/contracts/aborted.ts';

export interface FeedListener {
  /** Called synchronously, in position order, for what `wants` let through. Must not throw. */
  readonly onEvent: (event: RecordedEvent) => void;
  readonly wants: (event: RecordedEvent) => boolean;
}

export interface Listening {
  /** Everything behind this position is told; what lies at or before it is not. */
  readonly position: bigint;
  stop(): void;
}

/** How long to wait before a subscription that failed is opened anew. */
const RETRY_MS = 1_000;

/** A time of following the log, from the first listener to the last. */
interface Following {
  readonly begun: Promise<bigint>;
  readonly stopping: AbortController;
  /** Of the last event that was told; `undefined` until it has begun. */
  position: bigint | undefined;
}

/**
 * The events of flows as they come, told to whoever listens in this process. It follows the log by itself, so every replica has one,
 * whichever of them projects. Nothing is followed while nobody listens.
 */
export class ChangeFeed implements AsyncDisposable {
  readonly #ports: Pick<Ports, 'store' | 'clock' | 'telemetry'>;
  readonly #categories: readonly string[];
  readonly #listeners = new Set<FeedListener>();
  #following: Following | undefined;
  /** Settles when the subscriptions of earlier times are closed. */
  #ended: Promise<void> = Promise.resolve();

  /** @param categories of the streams it tells about */
  constructor(ports: Pick<Ports, 'store' | 'clock' | 'telemetry'>, categories: readonly string[]) {
    this.#ports = ports;
    this.#categories = categories;
  }

  /** Rejects when the log cannot be read at the moment; then nobody listens. */
  async listen(listener: FeedListener): Promise<Listening> {
    this.#listeners.add(listener);
    const stop = () => this.#leave(listener);
    try {
      const following = (this.#following ??= this.#follow());
      // In one instant with joining: what is told from now on lies behind it.
      const { position } = following;
      return { position: position ?? (await following.begun), stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    this.#end();
    await this.#ended;
  }

  #leave(listener: FeedListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#end();
  }

  #end(): void {
    this.#following?.stopping.abort();
    this.#following = undefined;
  }

  #follow(): Following {
    const following: Following = { begun: this.#ports.store.lastPosition(), stopping: new AbortController(), position: undefined };
    const before = this.#ended;
    this.#ended = this.#run(following).then(() => before);
    return following;
  }

  async #run(following: Following): Promise<void> {
    const { store, clock, telemetry } = this.#ports;
    const { signal } = following.stopping;
    try {
      following.position = await following.begun;
    } catch {
      return; // told to those who listen, by `begun`
    }
    while (!signal.aborted) {
      try {
        await using subscription = store.subscribe({
          after: following.position,
          categories: this.#categories,
          onEvents: (events) => this.#tell(following, events),
        });
        await Promise.race([subscription.done, aborted(signal)]);
      } catch (error) {
        telemetry.logger.error('the event streams stumbled; they go on from where they were', {}, error);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  #tell(following: Following, events: readonly RecordedEvent[]): void {
    if (following.stopping.signal.aborted) return;
    for (const event of events) {
      for (const { wants, onEvent } of this.#listeners) if (wants(event)) onEvent(event);
      following.position = event.position;
    }
  }
}
