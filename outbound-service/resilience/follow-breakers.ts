import { categoryOf } from '@sagahub/contracts/events.ts';
import type { EventStore, Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type { ConnectorBreaker } from './connector-breaker.ts';

export interface FollowedBreakers extends AsyncDisposable {
  /** Why following stopped, if it did. */
  readonly failure: () => Error | undefined;
}

/**
 * Tells breakers what other replicas and operators do to them, from now on.
 * @param after a position of the log from before the breakers were opened, so that nothing falls in between
 */
export const followBreakers = (
  breakers: readonly ConnectorBreaker[],
  store: Pick<EventStore, 'subscribe'>,
  after: bigint,
): FollowedBreakers => {
  const byStream = new Map(breakers.map((breaker) => [breaker.stream, breaker]));
  const categories = [...new Set([...byStream.keys()].map(categoryOf))];
  let failure: Error | undefined;
  const subscription: Subscription = store.subscribe({
    after,
    categories,
    onEvents: (events) => {
      for (const event of events) byStream.get(event.stream)?.follow([event]);
    },
  });
  subscription.done.catch((error: unknown) => (failure = error instanceof Error ? error : new Error('unknown', { cause: error })));
  return { failure: () => failure, [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose]() };
};
