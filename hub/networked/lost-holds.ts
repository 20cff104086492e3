import { HubError, SupersededError } from '@sagahub/contracts/errors.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { foldHolds } from '@sagahub/orchestration-service/inventory/rebuild.ts';
import type { NetworkedPorts } from './ports.ts';

type FoldPorts = Pick<NetworkedPorts, 'store' | 'stock' | 'discounts' | 'openWork' | 'holdsOrigin' | 'leadership' | 'telemetry'>;

/**
 * Folds stock and discounts anew from the log, and open work with them, when their PostgreSQL was lost while the log stayed, when the log was
 * restored as of an earlier moment, or when somebody asked for it. Resolves once they are whole; nothing may be reserved before. Of many
 * processes that start, one folds and the others wait for it.
 *
 * Without this, counted stock that was lost would look like stock that was never counted, and be sold without end.
 *
 * @param onWaiting told what is waited for, and `undefined` in the end
 */
export const foldLostHolds = async (ports: FoldPorts, onWaiting: (what: string | undefined) => void): Promise<void> => {
  if (await areWhole(ports)) return;
  onWaiting('stock, discounts and open work are folded from the log, here or by another process');
  await once(ports, 'holds', async (term) => {
    if (!(await areWhole(ports))) await fold(ports, term, onWaiting);
  });
  onWaiting(undefined);
};

/** Open work ahead of the log is of events that the log has no more. */
const areWhole = async ({ store, openWork, holdsOrigin }: FoldPorts): Promise<boolean> =>
  (await holdsOrigin.isOf(store.logId)) && (await openWork.checkpoint()) <= (await store.lastPosition());

const fold = async (ports: FoldPorts, term: Term, onWaiting: (what: string) => void): Promise<void> => {
  const { logger } = ports.telemetry;
  await ports.holdsOrigin.empty(term);
  const startedMs = performance.now();
  const onProgress = (holds: number) => onWaiting(`stock and discounts are folded from the log: ${holds} holds so far`);
  const { refused, ...folded } = await foldHolds(ports, { signal: term.signal, onProgress });
  await ports.holdsOrigin.set(ports.store.logId, term);
  const seconds = Math.round(performance.now() - startedMs) / 1_000;
  if (folded.skus + folded.codes > 0) logger.warn('folded stock and discounts from the log', { ...folded, seconds });
  if (refused.length > 0)
    logger.error('orders hold more than was ever loaded: run `sagahub rebuild`', { orders: refused.length, first: refused[0] });
};

/** Until it was done once in a term of that name; another try a moment later while the engines are away. */
const once = async ({ leadership, telemetry }: FoldPorts, name: string, work: (term: Term) => Promise<void>): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  await using _candidacy = leadership.lead(name, async (term) => {
    try {
      await work(term);
      resolve();
    } catch (error) {
      const isOver = term.signal.aborted || error instanceof SupersededError;
      if (isOver) return;
      if (!(error instanceof HubError && error.retryable)) reject(error);
      else telemetry.logger.warn('stock, discounts and open work could not be folded; trying again', { reason: error.message });
    }
  });
  await promise;
};
