import type { Ports } from '@sagahub/contracts/service.ts';
import { catchUp } from './catch-up.ts';
import type { UnfinishedLoads } from './unfinished-loads.ts';

const RETRY_DELAY_MS = 5_000;

/**
 * Makes up in the background for loads that the last crash cut short, until it succeeded once, and from then on for those that fail. Orders
 * need not wait for it: until then a level that was set and not applied is one that is not loaded yet.
 */
export const startInventory = (
  ports: Pick<Ports, 'store' | 'stock' | 'discounts' | 'documents' | 'clock' | 'telemetry'>,
  unfinished: UnfinishedLoads,
): AsyncDisposable & { readonly caughtUp: Promise<void> } => {
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
  const untilDone = async (makeUp: () => Promise<void>): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        return await makeUp();
      } catch (error) {
        ports.telemetry.logger.warn('inventory loads could not be completed; trying again', { reason: String(error) });
        await ports.clock.sleep(RETRY_DELAY_MS, stop.signal);
      }
    }
  };
  const finishWhatFails = async (): Promise<void> => {
    await caughtUp;
    for (;;) {
      await Promise.race([unfinished.arrival, stopped]);
      if (stop.signal.aborted) return;
      await untilDone(() => unfinished.finish(ports));
    }
  };
  const caughtUp = untilDone(() => catchUp(ports, stop.signal));
  const running = finishWhatFails();
  return {
    caughtUp,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
};
