import { ClosedError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Hint, MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import { HintQueue } from './hint-queue.ts';

export interface InProcessMessageBusOptions {
  readonly clock: Clock;
  /** How long a hint whose handler threw stays away. Default 1,000. */
  readonly redeliverAfterMs?: number;
  /** Hints one queue holds; what comes on top is lost, and found again by the sweeper of open work. Default 100,000. */
  readonly maxBacklog?: number;
}

/**
 * Hints in the memory of this process. They are lost on restart by design: open work fills the queues again.
 * A publisher never waits for a consumer, and no handler runs inside `publish`.
 */
export const openInProcessMessageBus = (options: InProcessMessageBusOptions): MessageBus => {
  const { clock, redeliverAfterMs = 1_000, maxBacklog = 100_000 } = options;
  const queues = new Map<string, HintQueue>();
  const closing = new AbortController();

  const retryLater = async (queue: HintQueue, hint: Hint): Promise<void> => {
    await clock.sleep(redeliverAfterMs, closing.signal);
    queue.push(hint);
  };
  const queueOf = (name: string): HintQueue => {
    if (closing.signal.aborted) throw new ClosedError('the message bus');
    let queue = queues.get(name);
    if (!queue) queues.set(name, (queue = new HintQueue(maxBacklog, retryLater)));
    return queue;
  };

  return {
    async publish(hints) {
      for (const hint of hints) queueOf(hint.queue).push(hint);
    },
    async consume(name, { prefetch, onHint }) {
      return queueOf(name).consume(prefetch, onHint);
    },
    async backlog(name) {
      return queues.get(name)?.length ?? 0;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
};
