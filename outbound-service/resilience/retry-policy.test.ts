import assert from 'node:assert/strict';
import { askAgainAfterMs, retryDelayMs } from './retry-policy.ts';

describe('retry policy', () => {
  const delaysMs = [1_000, 2_000, 4_000, 8_000, 16_000];

  it('waits 1, 2, 4, 8 and 16 seconds, then gives up', () => {
    const policy = { delaysMs, random: () => 0.5 };
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(policy, attempt)),
      [...delaysMs, undefined],
    );
  });

  it('spreads by a fifth to either side', () => {
    assert.equal(retryDelayMs({ delaysMs, random: () => 0 }, 2), 1_600);
    assert.equal(retryDelayMs({ delaysMs, random: () => 1 }, 2), 2_400);
  });

  it('waits as long as it was asked to, if that is longer', () => {
    const policy = { delaysMs, random: () => 0.5 };
    assert.equal(retryDelayMs(policy, 1, 30_000), 30_000);
    assert.equal(retryDelayMs(policy, 5, 30), 16_000);
    assert.equal(retryDelayMs(policy, 6, 30_000), undefined, 'being asked to wait gives no further attempt');
  });

  it('asks what decides later again after half the time it has taken: a second at the soonest, five minutes at the latest', () => {
    assert.deepEqual([0, 2_000, 10_000, 60 * 60_000].map(askAgainAfterMs), [1_000, 1_000, 5_000, 5 * 60_000]);
  });
});
