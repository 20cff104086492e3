import assert from 'node:assert/strict';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Session } from './database.ts';
import { createSequencer } from './sequencer.ts';

/** The pauses that a sequencer makes whose looks find so many appends each. */
const pausesAfter = async (found: readonly number[]): Promise<number[]> => {
  const term = new AbortController();
  const pauses: number[] = [];
  let looks = 0;
  const session: Session = {
    rows: <Row extends readonly unknown[]>() => Promise.resolve([['0', String(found[looks++]), '0']] as unknown as Row[]),
  };
  const clock: Clock = {
    now: () => 0,
    sleep: async (ms) => {
      pauses.push(Math.round(ms));
      if (looks === found.length) term.abort();
    },
  };
  await createSequencer(session, clock).run({ name: 'sequencer', epoch: 1n, signal: term.signal });
  return pauses;
};

describe('the pauses of the sequencer', () => {
  it('grow while each look finds something, so that a steady trickle is placed in batches', async () => {
    const pauses = await pausesAfter(Array.from({ length: 12 }, () => 3));
    assert.deepEqual(pauses.slice(0, 3), [10, 12, 14]);
    assert.deepEqual(pauses.slice(-2), [30, 30]);
  });

  it('are a tenth of a second once nothing came for two seconds, and short again behind the first that comes', async () => {
    const pauses = await pausesAfter([...Array.from({ length: 120 }, () => 0), 1, 0]);
    const awake = pauses.findIndex((pause) => pause > 25);
    assert.ok(awake > 0);
    const waitedMs = pauses.slice(0, awake).reduce((sum, pause) => sum + pause, 0);
    assert.ok(waitedMs >= 1_950 && waitedMs < 2_050, `${waitedMs} ms`);
    assert.deepEqual(pauses.slice(-4), [100, 100, 10, 10]);
  });

  it('are short again after a look that found nothing', async () => {
    const pauses = await pausesAfter([3, 3, 3, 3, 0, 3, 3]);
    assert.deepEqual(pauses.slice(-2), [10, 12]);
  });
});
