import type { Ports } from '@sagahub/contracts/service.ts';
import { catchUp } from './catch-up.ts';

const RETRY_DELAY_MS = 5_000;

/**
 * Makes up in the background for loads that the last crash cut short, until it succeeded once. Orders need not wait for it: until then a
 * level that was set and not applied is one that is not loaded yet.
 */
export const startInventory = (
  ports: Pick<Ports, 'store' | 'stock' | 'discounts' | 'documents' | 'clock' | 'telemetry'>,
): AsyncDisposable & { readonly caughtUp: Promise<void> } => {
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        return await catchUp(ports, stop.signal);
      } catch (error) {
        ports.telemetry.logger.warn('inventory loads could not be completed; trying again', { reason: String(error) });
        await ports.clock.sleep(RETRY_DELAY_MS, stop.signal);
      }
    }
  };
  const caughtUp = run();
  return {
    caughtUp,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await caughtUp;
    },
  };
};
