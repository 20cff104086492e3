import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { SubscribeOptions, Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type { EventReader } from './event-reader.ts';
import { EventTail } from './event-tail.ts';
import { EventSubscription } from './event-subscription.ts';

/** Committed events on their way to subscribers: straight from the writer's reply to those who keep up, from disk to the others. */
export class EventFeed {
  readonly tail: EventTail;
  readonly reader: EventReader;
  readonly #subscriptions = new Set<EventSubscription>();

  constructor(reader: EventReader, end: number) {
    this.reader = reader;
    this.tail = new EventTail(end);
  }

  /** Called in position order, without gaps. */
  publish(event: RecordedEvent, bytes: number): void {
    if (this.#subscriptions.size === 0) return this.tail.skip();
    this.tail.push(event, bytes);
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  subscribe(options: SubscribeOptions): Subscription {
    const subscription = new EventSubscription(this, options, () => {
      this.#subscriptions.delete(subscription);
      this.release();
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Lets go of what every subscriber has seen. */
  release(): void {
    let seen = this.tail.end;
    for (const { reached } of this.#subscriptions) if (reached < seen) seen = reached;
    if (seen > this.tail.start) this.tail.release(seen);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription[Symbol.asyncDispose]()));
  }
}
