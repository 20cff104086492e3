import { type BreakerEvent, breakerStream } from '@sagahub/contracts/messages/hub.ts';
import type { DiscountOutcome } from '@sagahub/contracts/ports/discounts.ts';
import type { StockOutcome } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { Participants } from '../../engine/participants.ts';
import type { BreakerHistoryRequest, DiscountRequest, StockRequest } from './asks.ts';
import { batched } from './batching.ts';
import { openMsBetween } from './breaker-history.ts';

/** Whom the order flow may ask. Calls of many orders become few batches. */
export const orderParticipants = ({ stock, discounts, store }: Pick<Ports, 'stock' | 'discounts' | 'store'>): Participants => {
  const reserve = batched(stock.reserve.bind(stock));
  const releaseStock = batched(releasing(stock));
  const redeem = batched(discounts.redeem.bind(discounts));
  const releaseDiscount = batched(releasing(discounts));
  return {
    stock: (request: StockRequest): Promise<StockOutcome> =>
      request.kind === 'reserve' ? reserve(request.reservation) : releaseStock(request.holder),
    discount: (request: DiscountRequest): Promise<DiscountOutcome> =>
      request.kind === 'redeem' ? redeem(request.redemption) : releaseDiscount(request.holder),
    'breaker-history': async ({ connector, sinceMs, untilMs }: BreakerHistoryRequest): Promise<{ openMs: number }> => {
      const events = await store.readStream(breakerStream(connector));
      const changes = events.map(({ type, metadata }) => ({ type: type as BreakerEvent['type'], timeMs: Date.parse(metadata.time) }));
      return { openMs: openMsBetween(changes, sinceMs, untilMs) };
    },
  };
};

const RELEASED = { kind: 'released' } as const;

const releasing = (holds: { release(holders: readonly string[]): Promise<void> }) => async (holders: readonly string[]) => {
  await holds.release(holders);
  return holders.map(() => RELEASED);
};
