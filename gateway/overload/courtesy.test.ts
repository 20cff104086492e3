import assert from 'node:assert/strict';
import { Courtesy } from './courtesy.ts';

/** Steps in which it looks. */
const STEP_MS = 50;

describe('the courtesy of a partner towards others', () => {
  const opened = (busy = 0) => {
    const scene = { busy, nowMs: 1_000 };
    const courtesy = new Courtesy(() => scene.busy);
    /** @returns how many places there are after so long */
    const run = (ms: number, { wants = true } = {}): number => {
      for (const untilMs = scene.nowMs + ms; scene.nowMs < untilMs; scene.nowMs += STEP_MS) {
        courtesy.places(scene.nowMs);
        if (wants) courtesy.wanted(scene.nowMs);
      }
      return courtesy.places(scene.nowMs);
    };
    return { scene, run };
  };

  it('begins with two places, and grows by one while more are wanted and there is time', () => {
    const { run } = opened();
    assert.equal(run(0), 2);
    assert.equal(run(500), 12);
    assert.equal(run(500, { wants: false }), 12);
  });

  it('yields within moments when there is no time, and keeps two', () => {
    const { scene, run } = opened();
    const most = run(1_000);
    scene.busy = 0.95;
    assert.ok(run(200) < most / 2);
    assert.equal(run(1_000), 2);
  });

  it('begins anew when nobody wanted more for a second', () => {
    const { run } = opened();
    run(1_000);
    assert.equal(run(1_200, { wants: false }), 2);
  });

  it('settles where the process is as busy as it may be', () => {
    const { scene, run } = opened();
    const places: number[] = [];
    for (let look = 0; look < 400; look++) {
      places.push(run(STEP_MS));
      scene.busy = Math.min(1, places.at(-1)! * 0.04); // 15 places are 60 %
    }
    const later = places.slice(100);
    assert.ok(Math.min(...later) >= 8 && Math.max(...later) <= 18, `${Math.min(...later)} to ${Math.max(...later)}`);
  });
});
