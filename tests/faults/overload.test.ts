import assert from 'node:assert/strict';
import { embedded } from '../bench/embedded.ts';
import { latencyOf, OVERLOAD, overload, type Overload } from '../bench/overload.ts';
import { percentilesOf } from '../bench/percentiles.ts';

const SECONDS = 20;
/** An unprotected hub that is offered three times what it can accept is this far behind in the middle of it, and twice as far at its end. */
const BEHIND_MS = ((OVERLOAD - 1) / 2) * SECONDS * 1_000;
/** 46,000 orders let in within 24 s had taken 263 MiB more, and only a part of as many is accepted. */
const MOST_GROWTH_MIB = 250;

describe(`a hub that is offered ${OVERLOAD} times what it can accept`, () => {
  let measured: Overload;
  before(async () => {
    measured = await overload(embedded, { orders: 1_000, seconds: SECONDS, normalSeconds: 4 }, () => {});
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
    const late = latencyOf({ accepted: during.accepted.slice(-during.accepted.length / 4) });
    assert.ok(p50 < BEHIND_MS / 10, `${p50} ms`);
    assert.ok(late.p50 < BEHIND_MS / 10, `in the last quarter ${late.p50} ms`);
    assert.ok(percentilesOf(during.refusedAfterMs).p50 < BEHIND_MS / 10);
  });

  it('does not hoard memory', () => {
    const growth = Math.max(...measured.rssMiB) - measured.startRssMiB;
    assert.ok(growth < MOST_GROWTH_MIB, `it grew by ${growth} MiB`);
  });

  it('is itself again at once: it refuses nobody of a normal load, and keeps nobody waiting', () => {
    const { after, normal } = measured;
    assert.equal(after.refusals, 0);
    const { p50 } = latencyOf(after);
    assert.ok(p50 < Math.max(100, 10 * normal.p50), `${p50} ms instead of ${normal.p50} ms`);
  });

  it('has every order in its log that it accepted', () => assert.ok(measured.lost <= 0, `${measured.lost} orders were lost`));
});
