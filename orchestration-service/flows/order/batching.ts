import { HubError } from '@sagahub/contracts/errors.ts';

export interface BatchOptions {
  /** Default 500. */
  readonly maxBatch?: number;
}

/**
 * Turns single calls into batches: what is asked within one turn of the event loop goes out together, in order.
 * When a batch fails for what one of its members is, each is tried alone, so that a bad one takes nobody with it; when it fails
 * for what the store is (a retryable error), all fail.
 *
 * @param run answers in the order asked; must be idempotent
 */
export const batched = <Request, Outcome>(
  run: (batch: readonly Request[]) => Promise<readonly Outcome[]>,
  { maxBatch = 500 }: BatchOptions = {},
): ((request: Request) => Promise<Outcome>) => {
  let waiting: Waiting<Request, Outcome>[] = [];

  const flush = (): void => {
    const all = waiting;
    waiting = [];
    for (let start = 0; start < all.length; start += maxBatch) void settle(run, all.slice(start, start + maxBatch));
  };

  return (request) => {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    if (waiting.push({ request, resolve, reject }) === 1) setImmediate(flush);
    return promise;
  };
};

interface Waiting<Request, Outcome> {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

const settle = async <Request, Outcome>(
  run: (batch: readonly Request[]) => Promise<readonly Outcome[]>,
  batch: readonly Waiting<Request, Outcome>[],
): Promise<void> => {
  try {
    const outcomes = await run(batch.map(({ request }) => request));
    for (const [place, { resolve }] of batch.entries()) resolve(outcomes[place] as Outcome);
  } catch (error) {
    if (batch.length > 1 && !(error instanceof HubError && error.retryable)) await Promise.all(batch.map((one) => settle(run, [one])));
    else for (const { reject } of batch) reject(error);
  }
};
