import type { HealthCheck } from '../service.ts';

/** One public event, for any number of consumers. */
export interface BroadcastMessage {
  /** The same however often it is sent: consumers know a repeat by it. */
  readonly id: string;
  /** Public event type, such as `payment.approved`: what patterns are about. */
  readonly type: string;
  /** CloudEvents 1.0, JSON. */
  readonly body: string;
  readonly correlationId: string;
  readonly traceparent?: string;
}

/** A message that a consumer gave back. */
export interface RefusedMessage {
  readonly consumer: string;
  readonly body: string;
  /** How often it was refused by now, from 1. */
  readonly refusals: number;
  /** In words. */
  readonly reason: string;
}
/** `again`: it comes back to its consumer after a while. `taken`: it is on disk elsewhere. */
export type RefusalVerdict = { readonly kind: 'again'; readonly afterMs: number } | { readonly kind: 'taken' };

/** What is to be had of a consumer's queues at a moment. */
export interface ConsumerQueue {
  /** Messages that nobody has in hand. */
  readonly waiting: number;
  /** Refused ones that come again later. */
  readonly retrying: number;
  /** Connections that take messages. */
  readonly readers: number;
}

/**
 * Brings events to consumers, each through a queue of its own: what one does, or does not do, is felt by no other. A message is a copy of what
 * the log says, so a queue may be lost; the log fills it again.
 *
 * @throws UnavailableError (every method) the broker is away, or a queue does not answer in time
 */
export interface EventBroadcast extends AsyncDisposable {
  /** Makes sure of a consumer's queues. @returns true when its queue was not there: whatever was in it is gone */
  prepare(consumer: string): Promise<boolean>;
  /** From now on `publish` reaches the consumer, as far as its topic patterns match; former patterns are forgotten. */
  join(consumer: string, patterns: readonly string[]): Promise<void>;
  /** `publish` reaches it no more; its queue stays. Nothing happens when it never joined. */
  leave(consumer: string): Promise<void>;
  /** To all that joined, in this order. @returns false: not all queues took all of them */
  publish(messages: readonly BroadcastMessage[]): Promise<boolean>;
  /** To one consumer alone, whatever its patterns, in this order. `full` and `missing`: some of them may be there. */
  publishTo(consumer: string, messages: readonly BroadcastMessage[]): Promise<'taken' | 'full' | 'missing'>;
  /** `undefined`: it has no queue. */
  queueOf(consumer: string): Promise<ConsumerQueue | undefined>;
  /** Hands over what these consumers refuse, until disposed. Throwing brings it again. */
  takeRefused(consumers: readonly string[], handle: (message: RefusedMessage) => Promise<RefusalVerdict>): Promise<AsyncDisposable>;
  health(): Promise<HealthCheck>;
}
