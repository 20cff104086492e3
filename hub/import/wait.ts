import type { OrderView } from '@sagahub/contracts/api/order-views.ts';
import { backOff, type HubClient, isTransient } from '../cli/client.ts';

/** What no longer changes by itself. */
const SETTLED = new Set(['completed', 'rejected', 'cancelled', 'stuck']);
const WAIT_SECONDS = 10;

export interface WaitOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onSettled: (order: OrderView) => void;
}

/** Follows orders until each has ended or is stuck, or until told to stop. */
export const waitForOrders = async (client: HubClient, orderIds: readonly string[], options: WaitOptions): Promise<void> => {
  const { concurrency, signal, onSettled } = options;
  const follow = async (orderId: string): Promise<void> => {
    for (let attempt = 0; !signal.aborted; ) {
      try {
        const headers = { prefer: `wait=${WAIT_SECONDS}` };
        const order = await client.call<OrderView>('GET', `/api/v1/orders/${orderId}`, { headers, signal });
        if (SETTLED.has(order.status)) return onSettled(order);
        attempt = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!isTransient(error)) throw error;
        await backOff(attempt++, error, signal).catch(() => {});
      }
    }
  };
  const queue = orderIds.values();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const orderId of queue) {
        if (signal.aborted) return;
        await follow(orderId);
      }
    }),
  );
};
