import type { OrderAccepted } from '@sagahub/contracts/api/orders.ts';
import type { Fault } from '@sagahub/contracts/errors.ts';
import { backOff, type HubClient, isTransient, ProblemError } from '../cli/client.ts';
import { CommandError, EXIT } from '../cli/exit-codes.ts';
import type { Outcome } from './fate.ts';
import type { PlannedOrder } from './plan.ts';
import type { OrderDraft } from './to-order.ts';

export type Sendable = PlannedOrder & { readonly draft: OrderDraft };
/** @throws whatever `isTransient` calls worth repeating */
export type Post = (draft: OrderDraft) => Promise<Outcome>;

export interface SendOptions {
  /** Orders under way at once. */
  readonly concurrency: number;
  /** Gives up when nothing at all went through for this long. */
  readonly patienceMs: number;
  /** Takes no more orders; those in hand are finished or given up. */
  readonly signal: AbortSignal;
  /** In the order in which the outcomes became known. */
  readonly onOutcome: (order: Sendable, outcome: Outcome) => void;
  readonly pause?: typeof backOff;
}

/** Posts one order. That the order number makes it unique is what makes a repetition harmless. */
export const postOver =
  (client: HubClient): Post =>
  async ({ body }): Promise<Outcome> => {
    try {
      const answer = await client.exchange('POST', '/api/v1/orders', { body });
      const replayed = answer.headers.get('idempotent-replayed') === 'true';
      const { orderId, status } = answer.body as OrderAccepted;
      return { fate: replayed ? 'replayed' : 'accepted', orderId, status };
    } catch (error) {
      if (!(error instanceof ProblemError) || isTransient(error) || error.status === 401 || error.status === 403) throw error;
      const { code = `HTTP ${error.status}`, detail = '', errors = [] } = error.problem;
      return { fate: 'refused', code, detail, faults: errors as readonly Fault[] };
    }
  };

/**
 * Sends all orders, some at a time; lost connections, 429 and 5xx are tried again for as long as the patience lasts.
 * @throws CommandError nothing goes through any more; what was sent has been told to `onOutcome`
 */
export const sendOrders = async (orders: readonly Sendable[], post: Post, options: SendOptions): Promise<void> => {
  const { concurrency, patienceMs, signal, onOutcome, pause = backOff } = options;
  const stop = new AbortController();
  const stopping = AbortSignal.any([signal, stop.signal]);
  let lastSuccessMs = performance.now();
  const sendOne = async (order: Sendable): Promise<void> => {
    for (let attempt = 0; !stopping.aborted; attempt++) {
      try {
        const outcome = await post(order.draft);
        lastSuccessMs = performance.now();
        return onOutcome(order, outcome);
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (performance.now() - lastSuccessMs > patienceMs) throw gaveUp(error as Error, patienceMs);
        await pause(attempt, error, stopping).catch(() => {}); // told to stop: the loop sees it
      }
    }
  };
  const queue = orders.values();
  const work = async (): Promise<void> => {
    for (const order of queue) {
      if (stopping.aborted) return;
      await sendOne(order);
    }
  };
  const workers = Array.from({ length: concurrency }, () =>
    work().catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
};

const gaveUp = (cause: Error, patienceMs: number): CommandError =>
  new CommandError(
    EXIT.unreachable,
    `nothing went through for ${Math.round(patienceMs / 1_000)} s. Run the same command again to go on.\n${cause.message}`,
    {
      cause,
    },
  );
