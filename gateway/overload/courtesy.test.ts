import assert from 'node:assert/strict';
import { Courtesy } from './courtesy.ts';

/** Steps in which it looks. */
const STEP_MS = 50;
const MOST = 40;

describe('the courtesy of a partner towards others', () => {
  const opened = (busy = 0) => {
    const scene = { busy, nowMs: 1_000 };
    const courtesy = new Courtesy(() => scene.busy);
    /** @returns how many places there are after so long */
    const run = (ms: number, { wants = true } = {}): number => {
      for (const untilMs = scene.nowMs + ms; scene.nowMs < untilMs; scene.nowMs += STEP_MS) {
        courtesy.places(scene.nowMs);
        if (wants) courtesy.wanted(MOST, scene.nowMs);
      }
      return courtesy.places(scene.nowMs);
    };
    return { scene, courtesy, run };
  };

  it('begins with two places, and grows by one while more are wanted and there is time', () => {
    const { run } = opened();
    assert.equal(run(0), 2);
    assert.equal(run(500), 12);
    assert.equal(run(500, { wants: false }), 12);
    assert.equal(run(10_000), MOST);
  });

  it('yields within moments when there is no time, and keeps one', () => {
    const { scene, run } = opened();
    const most = run(1_000);
    scene.busy = 0.95;
    assert.ok(run(200) < most / 2);
    assert.equal(run(1_000), 1);
  });

  it('has whoever had the only place rest where one is too much, nine times as long at most, and less the more time there is', () => {
    const { scene, courtesy, run } = opened();
    assert.equal(courtesy.restMs(5), 0);
    scene.busy = 0.95;
    run(2_000);
    assert.ok(Math.abs(courtesy.restMs(5) - 45) < 1e-9);
    assert.equal(courtesy.restMs(60_000), 250);
    scene.busy = 0;
    run(200);
    assert.ok(courtesy.restMs(5) < 25);
    run(2_000);
    assert.equal(courtesy.restMs(5), 0);
  });

  it('settles also where one place is too much', () => {
    const { scene, courtesy, run } = opened();
    const parts: number[] = [];
    for (let look = 0; look < 400; look++) {
      run(STEP_MS);
      parts.push(5 / (5 + courtesy.restMs(5)));
      scene.busy = 0.3 + parts.at(-1)! * 0.6; // half a place is 60 %
    }
    const later = parts.slice(100);
    assert.ok(Math.min(...later) >= 0.3 && Math.max(...later) <= 0.65, `${Math.min(...later)} to ${Math.max(...later)}`);
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
