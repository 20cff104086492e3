import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { OrderCompleted, OrderSentToErp } from '@sagahub/contracts/messages/order.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';

/**
 * Did the ERP make a completed order a second time? An order that the ERP takes is completed, or cancelled there, in the same append: only where
 * neither follows is its history read.
 * @param next the event behind it in the feed
 * @returns the reference that nobody wants
 */
export const surplusOf = async (
  store: Pick<EventStore, 'readStream'>,
  event: RecordedEvent,
  next: RecordedEvent | undefined,
): Promise<string | undefined> => {
  if (event.type !== 'OrderSentToErp') return undefined;
  const { stream, revision } = event;
  if (next?.stream === stream && next.type !== 'OrderSentToErp') return undefined;
  const { erpRef } = event.data as OrderSentToErp['data'];
  const before = await store.readStream(stream, { to: revision - 1 });
  const completed = before.findLast(({ type }) => type === 'OrderCompleted')?.data as OrderCompleted['data'] | undefined;
  const isKnown = before.some(({ type, data }) => type === 'OrderSentToErp' && data['erpRef'] === erpRef);
  return completed && completed.erpRef !== erpRef && !isKnown ? erpRef : undefined;
};
