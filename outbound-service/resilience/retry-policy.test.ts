import assert from 'node:assert/strict';
import { retryDelayMs } from './retry-policy.ts';

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
});
