import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import { categoryOf, objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { differingPaths } from '../differing-paths.ts';
import { orderFold } from '../projections/order.ts';
import type { OrderDocument } from '../projections/order-document.ts';
import type { RawSource } from './raw-events.ts';

export interface ReplayOptions {
  /** Only this order. Without it, every order is held in memory. */
  readonly orderId?: string;
  /** Only what had happened by then, ISO 8601. */
  readonly at?: string;
  /** What the read model says of an order; without it nothing is compared. */
  readonly documentOf?: (orderId: string) => Promise<{ readonly revision: number; readonly body: object } | undefined>;
  readonly signal?: AbortSignal;
}

/** The state of an order behind one of its events. */
export interface ReplayStep {
  readonly kind: 'step';
  readonly position: bigint;
  readonly orderId: string;
  readonly revision: number;
  readonly at: string;
  readonly type: string;
  readonly order: OrderDocument;
  /** Its members that the event changed. */
  readonly changed: readonly string[];
}

/** A replayed order compared with the read model. */
export interface ReplayComparison {
  readonly kind: 'comparison';
  readonly orderId: string;
  readonly revision: number;
  /** `behind`: the read model knows another revision than the one replayed to. */
  readonly verdict: 'same' | 'differs' | 'behind' | 'missing';
  /** JSON pointers. */
  readonly paths: readonly string[];
}

interface Replayed {
  readonly order: OrderDocument;
  readonly revision: number;
}

/**
 * Folds history step by step, from a store or from an exported file, and then compares what came out with the read model.
 * @throws Error on an event that cannot be folded: verifying comes first
 */
export async function* replay(source: RawSource, options: ReplayOptions = {}): AsyncGenerator<ReplayStep | ReplayComparison> {
  const wanted = options.orderId === undefined ? undefined : orderStream(options.orderId);
  const orders = new Map<string, Replayed>();
  for await (const raw of source()) {
    options.signal?.throwIfAborted();
    if (wanted === undefined ? categoryOf(raw.stream) !== orderFold.category : raw.stream !== wanted) continue;
    const event = recorded(raw);
    if (options.at !== undefined && event.metadata.time > options.at) continue;
    const before = orders.get(event.stream)?.order;
    const order = orderFold.apply(before, event);
    orders.set(event.stream, { order, revision: event.revision });
    yield stepOf(event, before, order);
  }
  const { documentOf } = options;
  if (!documentOf) return;
  for (const [stream, replayed] of orders) {
    options.signal?.throwIfAborted();
    yield compare(objectIdOf(stream), replayed, await documentOf(objectIdOf(stream)));
  }
}

const recorded = ({ bytes, stream, revision, position, hash }: RawEvent): RecordedEvent => ({
  ...decodeEvent(bytes),
  stream,
  revision,
  position,
  hash,
});

const stepOf = (event: RecordedEvent, before: OrderDocument | undefined, order: OrderDocument): ReplayStep => ({
  kind: 'step',
  position: event.position,
  orderId: order.orderId,
  revision: event.revision,
  at: event.metadata.time,
  type: event.type,
  order,
  changed: before ? differingPaths(before, order) : [],
});

const compare = (
  orderId: string,
  { order, revision }: Replayed,
  document: { readonly revision: number; readonly body: object } | undefined,
): ReplayComparison => {
  const result = (verdict: ReplayComparison['verdict'], paths: readonly string[] = []): ReplayComparison => ({
    kind: 'comparison',
    orderId,
    revision,
    verdict,
    paths,
  });
  if (!document) return result('missing');
  if (document.revision !== revision) return result('behind');
  const paths = differingPaths(order, document.body);
  return paths.length === 0 ? result('same') : result('differs', paths);
};
