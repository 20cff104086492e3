import assert from 'node:assert/strict';
import { ProblemError, UnreachableError } from '../cli/client.ts';
import { CommandError, EXIT } from '../cli/exit-codes.ts';
import type { Outcome } from './fate.ts';
import { type Post, type Sendable, sendOrders } from './send.ts';

const order = (orderNumber: string): Sendable => ({
  rows: [],
  orderNumber,
  draft: { orderNumber, currency: 'GBP', body: {}, subtotal: '1.00' },
});
const ACCEPTED: Outcome = { fate: 'accepted', orderId: 'o', status: 'received' };

const run = async (
  orders: readonly Sendable[],
  post: Post,
  changes: { patienceMs?: number; concurrency?: number; signal?: AbortSignal } = {},
) => {
  const outcomes: string[] = [];
  const pauses: number[] = [];
  await sendOrders(orders, post, {
    concurrency: 3,
    patienceMs: 60_000,
    signal: new AbortController().signal,
    ...changes,
    onOutcome: ({ orderNumber }, { fate }) => outcomes.push(`${orderNumber} ${fate}`),
    pause: (attempt) => {
      pauses.push(attempt);
      return Promise.resolve();
    },
  });
  return { outcomes: outcomes.toSorted(), pauses };
};

describe('sending orders', () => {
  it('tries again after lost connections, 429 and 503, each order until it has an outcome', async () => {
    const failures = [new UnreachableError('http://hub', new Error('reset')), new ProblemError(503, {}), new ProblemError(429, {}, 1_000)];
    const tries = new Map<string, number>();
    const post: Post = ({ orderNumber }) => {
      const attempt = tries.get(orderNumber) ?? 0;
      tries.set(orderNumber, attempt + 1);
      return attempt < failures.length ? Promise.reject(failures[attempt]!) : Promise.resolve(ACCEPTED);
    };
    const { outcomes, pauses } = await run(['1', '2', '3', '4'].map(order), post);
    assert.deepEqual(outcomes, ['1 accepted', '2 accepted', '3 accepted', '4 accepted']);
    assert.deepEqual(
      pauses.toSorted((one, other) => one - other),
      [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
    );
  });

  it('keeps no more orders under way than it may', async () => {
    let [now, most] = [0, 0];
    const post: Post = async () => {
      most = Math.max(most, (now += 1));
      await new Promise(setImmediate);
      now -= 1;
      return ACCEPTED;
    };
    await run(
      Array.from({ length: 20 }, (_, index) => order(`${index}`)),
      post,
      { concurrency: 4 },
    );
    assert.equal(most, 4);
  });

  it('gives up, saying how to go on, when nothing at all goes through', async () => {
    const post: Post = () => Promise.reject(new UnreachableError('http://hub', new Error('refused')));
    await assert.rejects(
      run([order('1'), order('2')], post, { patienceMs: -1 }),
      (error) => error instanceof CommandError && error.exitCode === EXIT.unreachable && /Run the same command again/.test(error.message),
    );
  });

  it('stops at once at what no repetition mends', async () => {
    let posts = 0;
    const post: Post = () => {
      posts += 1;
      return Promise.reject(new ProblemError(403, { code: 'HUB_INSUFFICIENT_SCOPE' }));
    };
    await assert.rejects(run(['1', '2', '3', '4', '5'].map(order), post, { concurrency: 2 }), { exitCode: EXIT.unauthorized });
    assert.ok(posts <= 2);
  });

  it('takes no more orders when it is told to stop, and tells what came of those in hand', async () => {
    const stop = new AbortController();
    const post: Post = ({ orderNumber }) => {
      if (orderNumber === '2') stop.abort();
      return Promise.resolve(ACCEPTED);
    };
    const { outcomes } = await run(['1', '2', '3', '4'].map(order), post, { concurrency: 1, signal: stop.signal });
    assert.deepEqual(outcomes, ['1 accepted', '2 accepted']);
  });
});
