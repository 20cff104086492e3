import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyShare, type Use } from './busy-share.ts';

describe('how busy a process is', () => {
  const shares = (processors: number, ...uses: readonly Use[]): readonly number[] => {
    const rest = [...uses];
    const share = busyShare(() => rest.shift()!, processors);
    return uses.slice(1).map(() => share());
  };

  it('is what its event loop or its processors are, whichever is busier, since it was asked last', () => {
    const uses = [
      { atMs: 1_000, loopMs: 300, cpuMs: 200 },
      { atMs: 1_050, loopMs: 330, cpuMs: 210 },
      { atMs: 1_150, loopMs: 350, cpuMs: 290 },
    ];
    assert.deepEqual(shares(1, ...uses), [0.6, 0.8]);
    assert.deepEqual(shares(2, ...uses), [0.6, 0.4]);
  });

  it('is never more than all, nor anything but a number when no time has passed', () => {
    const before = { atMs: 10, loopMs: 5, cpuMs: 5 };
    assert.deepEqual(shares(1, before, { atMs: 20, loopMs: 15, cpuMs: 35 }, { atMs: 20, loopMs: 16, cpuMs: 36 }), [1, 0]);
  });

  it('is seen of this process, while it computes and while it waits', async () => {
    const share = busyShare();
    const endMs = performance.now() + 30;
    while (performance.now() < endMs);
    assert.ok(share() > 0.9);
    await sleep(50);
    assert.ok(share() < 0.9);
  });
});
