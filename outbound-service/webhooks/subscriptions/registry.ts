import { objectIdOf } from '@sagahub/contracts/events.ts';
import { SUBSCRIPTION } from '@sagahub/contracts/messages/webhook.ts';
import { type EventStore, LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { evolveSubscription, type FoldedEvent, type Subscription } from './state.ts';

const PAGE = 500;

/** Subscriptions as of a place in the log: folded in memory, by partner. */
export class SubscriptionRegistry {
  readonly #subscriptions = new Map<string, Subscription>();
  /** Without those that are deleted. */
  readonly #byPartner = new Map<string, Set<string>>();
  readonly #enabled = new Map<string, number>();

  /** Deleted ones too. */
  get(subscriptionId: string): Subscription | undefined {
    return this.#subscriptions.get(subscriptionId);
  }

  /** Those that are not deleted, oldest first. */
  all(): readonly Subscription[] {
    return [...this.#subscriptions.values()].filter(({ status }) => status !== 'deleted');
  }

  /** Those of a partner that are not deleted, oldest first. */
  ofPartner(partnerId: string): readonly Subscription[] {
    const found: Subscription[] = [];
    for (const id of this.#byPartner.get(partnerId) ?? []) {
      const subscription = this.#subscriptions.get(id);
      if (subscription) found.push(subscription);
    }
    return found;
  }

  /** How many of a partner are enabled. */
  enabledOf(partnerId: string): number {
    return this.#enabled.get(partnerId) ?? 0;
  }

  get hasEnabled(): boolean {
    return this.#subscriptions.values().some(({ status }) => status === 'enabled');
  }

  /** One that is known already is passed over: a process's own appends come back to it. */
  apply(events: readonly FoldedEvent[]): void {
    for (const event of events) {
      const id = objectIdOf(event.stream);
      const known = this.#subscriptions.get(id);
      if (known && event.revision <= known.revision) continue;
      const next = evolveSubscription(known, event);
      if (!next) continue;
      this.#subscriptions.set(id, next);
      this.#count(known, -1);
      this.#count(next, 1);
      const siblings = this.#byPartner.get(next.partnerId) ?? new Set<string>();
      if (next.status === 'deleted') siblings.delete(id);
      else siblings.add(id);
      this.#byPartner.set(next.partnerId, siblings);
    }
  }

  #count(subscription: Subscription | undefined, by: 1 | -1): void {
    if (subscription?.status !== 'enabled') return;
    const { partnerId } = subscription;
    this.#enabled.set(partnerId, this.enabledOf(partnerId) + by);
  }

  /** @param upTo events behind this position are left out. Default: none are */
  static async read(store: Pick<EventStore, 'readAll'>, upTo?: bigint): Promise<SubscriptionRegistry> {
    const registry = new SubscriptionRegistry();
    for (let after = LOG_START; ; ) {
      const page = await store.readAll({ after, limit: PAGE, categories: [SUBSCRIPTION] });
      const wanted = upTo === undefined ? page : page.filter(({ position }) => position <= upTo);
      registry.apply(wanted);
      const last = page.at(-1);
      if (!last || page.length < PAGE || wanted.length < page.length) return registry;
      after = last.position;
    }
  }
}

/** A registry that is complete when this resolves, and follows the log until disposed. */
export interface FollowedSubscriptions extends AsyncDisposable {
  readonly registry: SubscriptionRegistry;
  /** Why following stopped, if it did. */
  readonly failure: () => Error | undefined;
}

/** @param onChange called behind every change, whoever made it */
export const followSubscriptions = async (store: EventStore, onChange: () => void = () => {}): Promise<FollowedSubscriptions> => {
  const end = await store.lastPosition();
  const registry = await SubscriptionRegistry.read(store);
  let failure: Error | undefined;
  const subscription = store.subscribe({
    after: end,
    categories: [SUBSCRIPTION],
    onEvents: (events) => {
      registry.apply(events);
      onChange();
    },
  });
  subscription.done.catch((error: unknown) => (failure = error instanceof Error ? error : new Error('unknown', { cause: error })));
  return { registry, failure: () => failure, [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose]() };
};
