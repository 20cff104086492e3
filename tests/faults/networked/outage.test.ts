import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isWell, LATE_MS, outageOf, type Probe } from './outage.ts';

const completed = (sentAtMs: number, tookMs: number): Probe => ({ sentAtMs, settledAtMs: sentAtMs + tookMs, completed: true });
const refused = (sentAtMs: number, tookMs: number): Probe => ({ sentAtMs, settledAtMs: sentAtMs + tookMs, completed: false });
const open = (sentAtMs: number): Probe => ({ sentAtMs, settledAtMs: undefined, completed: false });

describe('outage', () => {
  it('is none while every probe completes in time', () => {
    assert.deepEqual(outageOf([completed(0, 100), completed(200, LATE_MS)], 5_000), { degradedMs: 0, overAtMs: undefined });
  });

  it('lasts from the moment a probe is late until it has completed', () => {
    assert.deepEqual(outageOf([completed(0, LATE_MS + 500)], 9_000), { degradedMs: 500, overAtMs: LATE_MS + 500 });
  });

  it('lasts as long as a probe that was refused, or given up, took', () => {
    assert.deepEqual(outageOf([refused(1_000, 300)], 9_000), { degradedMs: 300, overAtMs: 1_300 });
  });

  it('goes on while a probe is open and late', () => {
    assert.deepEqual(outageOf([open(1_000)], 1_000 + LATE_MS + 700), { degradedMs: 700, overAtMs: 1_000 + LATE_MS + 700 });
    assert.deepEqual(outageOf([open(1_000)], 1_000 + LATE_MS - 1), { degradedMs: 0, overAtMs: undefined });
  });

  it('counts time in which several probes were held up once, and no time between', () => {
    const probes = [refused(0, 400), refused(200, 400), refused(1_000, 100), completed(1_050, 10)];
    assert.deepEqual(outageOf(probes, 9_000), { degradedMs: 700, overAtMs: 1_100 });
  });

  it('is over with the last probe that was held up, whatever order they are in', () => {
    const times = fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 1, max: 9_000 }), fc.boolean()), { minLength: 1 });
    fc.assert(
      fc.property(times, (drawn) => {
        const probes = drawn.map(([sentAtMs, tookMs, well]) => (well ? completed : refused)(sentAtMs, tookMs));
        const { degradedMs, overAtMs } = outageOf(probes, 40_000);
        const heldUp = probes.filter((probe) => !probe.completed || probe.settledAtMs! - probe.sentAtMs > LATE_MS);
        assert.deepEqual(outageOf(probes.toReversed(), 40_000), { degradedMs, overAtMs });
        assert.equal(overAtMs, heldUp.length === 0 ? undefined : Math.max(...heldUp.map(({ settledAtMs }) => settledAtMs!)));
        assert.ok(degradedMs <= (overAtMs ?? 0));
      }),
    );
  });
});

describe('a hub', () => {
  const five = (tookMs: number): Probe[] => [0, 250, 500, 750, 1_000].map((sentAtMs) => completed(sentAtMs, tookMs));

  it('is well when the last five completed in time, however slow, and others are under way', () => {
    assert.ok(isWell([...five(LATE_MS), open(1_250), open(1_500)], 0, 1_250 + LATE_MS));
  });

  it('is not while one is late, after one that failed or was late, or before five were sent since', () => {
    assert.ok(!isWell([open(-1_000), ...five(100)], 0, LATE_MS));
    assert.ok(!isWell([...five(100), refused(1_250, 10)], 0, 1_500));
    assert.ok(!isWell(five(LATE_MS + 1), 0, 9_000));
    assert.ok(!isWell(five(100), 1, 1_500));
  });
});
