import assert from 'node:assert/strict';
import { latencyOf, OVERLOAD, overload, type Overload } from '../bench/overload.ts';
import { percentilesOf } from '../bench/percentiles.ts';
import type { Profile } from '../bench/profile.ts';

/** Of engines and processes, on a machine that does something else too. */
const START_LIMIT_MS = 240_000;

interface OverloadedHub {
  /** Sent to find out what the hub can accept. */
  readonly orders: number;
  readonly seconds: number;
  /** Of all its processes, from the beginning of the overload to the most. */
  readonly mostGrowthMiB: number;
}

/** What every profile does with three times what it can accept; a suite. */
export const bearsOverload = (profile: () => Profile, { orders, seconds, mostGrowthMiB }: OverloadedHub): void => {
  /** An unprotected hub is this far behind in the middle of it, and twice as far at its end. */
  const behindMs = ((OVERLOAD - 1) / 2) * seconds * 1_000;
  let measured: Overload;
  before(async function () {
    this.timeout(START_LIMIT_MS + 4 * seconds * 1_000);
    measured = await overload(profile(), { orders, seconds, normalSeconds: 4 }, () => {});
  });

  it('goes on accepting, and refuses the rest with 503 and Retry-After', () => {
    const { during } = measured;
    assert.deepEqual([...during.refused.keys()], [503]);
    assert.equal(during.withoutRetryAfter, 0);
    assert.ok(during.accepted.length > 0);
  });

  it('accepts what it accepts in time, from the first second to the last, and refuses sooner', () => {
    const { during } = measured;
    const { p50 } = latencyOf(during);
    const refused = percentilesOf(during.refusedAfterMs);
    const late = latencyOf({ accepted: during.accepted.slice(-during.accepted.length / 4) });
    assert.ok(p50 < behindMs / 10, `${p50} ms`);
    assert.ok(late.p50 < behindMs / 10, `in the last quarter ${late.p50} ms`);
    assert.ok(refused.p50 < behindMs / 10, `refused after ${refused.p50} ms`);
  });

  it('does not hoard memory', () => {
    const growth = Math.max(...measured.rssMiB) - measured.startRssMiB;
    assert.ok(growth < mostGrowthMiB, `it grew by ${growth} MiB`);
  });

  it('is itself again at once: it refuses nobody of a normal load, and keeps nobody waiting', () => {
    const { after, normal } = measured;
    assert.equal(after.refusals, 0);
    const { p50 } = latencyOf(after);
    assert.ok(p50 < Math.max(100, 10 * normal.p50), `${p50} ms instead of ${normal.p50} ms`);
  });

  it('has every order in its log that it accepted', () => assert.ok(measured.lost <= 0, `${measured.lost} orders were lost`));
};
