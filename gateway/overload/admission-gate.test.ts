import assert from 'node:assert/strict';
import { FairShareError, OverloadedError } from '@sagahub/contracts/errors.ts';
import type { Place } from '@sagahub/contracts/ports/admission-gate.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { openAdmissionGate } from './admission-gate.ts';

/** Of its first moments: 32 at once, which take 10 ms each, so that 320 are let in within the longest wait. */
const AT_ONCE = 32;
const A_BURST = 512;

const opened = () => {
  const clock = manualClock();
  const telemetry = recordTelemetry();
  const process = { busyShare: 0, backlog: 0 };
  let stoppedMs = 0;
  const gate = openAdmissionGate({
    most: 64, // and 512 who wait
    maxWaitMs: 100,
    tolerance: 1.5,
    clock,
    telemetry,
    now: () => clock.now() + stoppedMs,
    busyShare: () => process.busyShare,
    backlog: () => process.backlog,
  });
  const places: Place[] = [];
  const refusals: unknown[] = [];
  const send = (partnerId: string, count = 1): void => {
    for (let sent = 0; sent < count; sent += 1)
      try {
        const entered = gate.enter({ partnerId });
        if ('leave' in entered) places.push(entered);
        else
          entered.then(
            (place) => places.push(place),
            (error: unknown) => refusals.push(error),
          );
      } catch (error) {
        refusals.push(error);
      }
  };
  /** The process is carried on with later, as by SIGSTOP: its timers are late, too. */
  const stop = (ms: number): void => {
    stoppedMs += ms;
  };
  return { clock, gate, process, telemetry, places, refusals, send, stop };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the gate of intake', () => {
  it('lets in at once what can be carried out, and the next one when somebody leaves', async () => {
    const { places, refusals, send } = opened();
    send('a', AT_ONCE + 2);
    assert.equal(places.length, AT_ONCE);
    places[0]!.leave(true);
    places[0]!.leave(true); // only the first time counts
    await settled();
    assert.deepEqual([places.length, refusals.length], [AT_ONCE + 1, 0]);
  });

  for (const [backlog, atOnce] of [
    [500, AT_ONCE],
    [1_250, AT_ONCE / 2],
    [1_000_000, 1],
  ] as const)
    it(`lets in ${atOnce} at once where ${backlog} decisions on what it let in before are left undone`, () => {
      const { places, process, send } = opened();
      process.backlog = backlog;
      send('a', AT_ONCE);
      assert.equal(places.length, atOnce);
    });

  it('lets in as many as before, at once, when those decisions are made', async () => {
    const { places, process, send } = opened();
    process.backlog = 1_000_000;
    send('a', AT_ONCE);
    process.backlog = 0;
    places[0]!.leave(true);
    await settled();
    assert.equal(places.length, AT_ONCE);
  });

  it('bears a burst', () => {
    const { refusals, send } = opened();
    send('a', AT_ONCE + A_BURST);
    assert.equal(refusals.length, 0);
  });

  it('refuses with 503 what is more than a burst, and says so before a body is read', () => {
    const { gate, refusals, send } = opened();
    send('a', AT_ONCE + A_BURST + 1);
    assert.ok(refusals[0] instanceof OverloadedError);
    assert.throws(() => gate.check({ partnerId: 'a' }), OverloadedError);
  });

  it('bears less once people have been waiting for half a second', async () => {
    const { clock, refusals, send } = opened();
    send('a', AT_ONCE + 400);
    assert.equal(refusals.length, 0);
    await clock.advance(500);
    send('a');
    assert.equal(refusals.length, 1);
  });

  it('keeps a quarter of the places for others while they are about, who then need not wait for one', async () => {
    const { clock, places, send } = opened();
    for (let step = 0; step < 40; step += 1) {
      send('b');
      places.pop()!.leave();
      send('a', 8);
      await clock.advance(50);
    }
    assert.equal(places.length, (AT_ONCE * 3) / 4);
    send('b');
    assert.equal(places.length, (AT_ONCE * 3) / 4 + 1);
  });

  it('gives one partner no more places beside others than leave the process time for them', async () => {
    const { clock, process, places, send } = opened();
    process.busyShare = 0.9;
    for (let step = 0; step < 40; step += 1) {
      send('b');
      places.pop()!.leave();
      send('a', step === 0 ? 6 : 1);
      places.shift()?.leave();
      await clock.advance(50);
    }
    assert.equal(places.length, 2);
  });

  describe('where others are about and one place is too much', () => {
    /** Two seconds in which the process is too busy, and of `flood` more come than go. */
    const flooded = async () => {
      const scene = opened();
      const { clock, process, places, send } = scene;
      const leave = (): void => {
        for (const place of places.splice(0)) place.leave();
      };
      process.busyShare = 0.9;
      send('flood', AT_ONCE + 20);
      for (let step = 0; step < 100; step += 1) {
        send('b');
        leave();
        send('flood', 4);
        await clock.advance(20);
      }
      while (places.length === 0) await clock.advance(1);
      await clock.advance(10);
      leave();
      return scene;
    };

    it('has a partner of whom many wait rest between two turns, and nobody else', async () => {
      const { clock, places, send } = await flooded();
      await clock.advance(80);
      assert.equal(places.length, 0);
      send('b');
      assert.equal(places.length, 1);
      await clock.advance(100);
      assert.equal(places.length, 2);
    });

    it('lets another have two places, also with a line of its own', async () => {
      const { clock, places, send } = await flooded();
      send('b', 16);
      assert.equal(places.length, 2);
      for (let turn = 0; turn < 30; turn += 1) {
        send('flood', 4);
        await clock.advance(20);
        places.shift()!.leave();
        send('b');
        await settled();
        assert.ok(places.length >= 2, `${places.length} places at turn ${turn}`);
      }
    });

    it('tells the limit nothing: it is not what holds the flood back', async () => {
      const { clock, places, send, telemetry } = await flooded();
      const limit = telemetry.gauges.get('hub.intake.limit')!;
      const seen: string[] = [];
      for (let step = 0; step < 200; step += 1) {
        send('b');
        for (const place of places.splice(0)) place.leave(true);
        send('flood', 4);
        await clock.advance(20);
        seen.push(JSON.stringify([...(await limit())]));
      }
      // The first tell of the time in which the flood was there alone.
      assert.equal(new Set(seen.slice(50)).size, 1, seen.join());
    });
  });

  it('takes a line that a hiccup left for no flood: it has two places until it is gone', async () => {
    const { clock, process, places, send } = opened();
    process.busyShare = 0.9;
    for (let step = 0; step < 40; step += 1) {
      send('b');
      send('a', 3); // one more than may come in at once
      for (let turn = 0; turn < 2; turn += 1) {
        await clock.advance(10);
        for (const place of places.splice(0)) place.leave();
      }
    }
    send('a', 20);
    assert.equal(places.length, 2);
    for (let turn = 0; turn < 18; turn += 1) {
      await clock.advance(10);
      send('b');
      places.shift()!.leave();
      places.pop()?.leave(); // b's
      await settled();
    }
    assert.equal(places.length, 2);
  });

  it('keeps nothing for others who only ask whether there is room: they may be refused for want of a right', () => {
    const { gate, places, send } = opened();
    for (let asked = 0; asked < AT_ONCE + 8; asked += 1) {
      gate.check({ partnerId: 'b' });
      send('a');
    }
    assert.equal(places.length, AT_ONCE);
  });

  it('gives all places to whoever is there alone', async () => {
    const { clock, places, send } = opened();
    send('b');
    places[0]!.leave(true);
    places.length = 0;
    await clock.advance(1_001);
    send('a', AT_ONCE + 100);
    assert.equal(places.length, AT_ONCE);
  });

  it('lets another partner in next, however many of the first one wait', async () => {
    const { gate, places, send } = opened();
    send('a', AT_ONCE + 100);
    const entered = gate.enter({ partnerId: 'b' });
    places[0]!.leave(true);
    assert.ok('leave' in (await entered));
  });

  it('makes room for another partner when it is full, and tells whoever has most in it with 429 to send less', async () => {
    const { gate, refusals, send } = opened();
    send('a', AT_ONCE + A_BURST);
    gate.check({ partnerId: 'b' });
    send('b');
    await settled();
    assert.equal(refusals.length, 1);
    assert.ok(refusals[0] instanceof FairShareError);
    assert.throws(() => gate.check({ partnerId: 'a' }), FairShareError);
    gate.check({ partnerId: 'b' });
  });

  it('says 503 to all where nobody has most of it', () => {
    const { refusals, send } = opened();
    for (let sent = 0; sent < AT_ONCE + A_BURST + 30; sent += 1) send(['a', 'b', 'c'][sent % 3]!);
    assert.ok(refusals.length > 0);
    assert.ok(refusals.every((error) => error instanceof OverloadedError));
  });

  describe('among those who wait', () => {
    /** As many as may be let in at once, so many more who wait, and whoever has been in for longest leaves every now and then. */
    const waiting = (people: number) => {
      const scene = opened();
      const { clock, places, send } = scene;
      send('a', AT_ONCE + people);
      const turns = async (count: number, everyMs: number): Promise<void> => {
        for (let turn = 0; turn < count; turn += 1) {
          await clock.advance(everyMs);
          places.shift()!.leave();
          await settled();
        }
      };
      return { ...scene, turns };
    };

    it('refuses whoever has waited for a second because nobody leaves', async () => {
      const { clock, refusals, places, send } = waiting(1);
      await clock.advance(1_251);
      assert.ok(refusals[0] instanceof OverloadedError);
      for (const place of places) place.leave();
      send('a');
      assert.equal(places.length, AT_ONCE + 1);
    });

    it('refuses nobody whose turn comes, however slowly', async () => {
      const { refusals, turns } = waiting(12);
      await turns(12, 400);
      assert.equal(refusals.length, 0);
    });

    it('refuses whoever has waited for five seconds', async () => {
      const { refusals, turns } = waiting(16);
      await turns(14, 400);
      assert.equal(refusals.length, 16 - 13);
    });

    it('refuses those of a partner whose requests hang where there is no place for them, and nobody else', async () => {
      const { clock, places, refusals, send } = opened();
      send('a', 24);
      places.length = 0; // they never leave
      send('b', 12);
      send('a', 3);
      for (let turn = 0; turn < 6; turn += 1) {
        await clock.advance(250);
        send('b');
        places.shift()!.leave();
        await settled();
      }
      assert.equal(refusals.length, 3);
    });

    it('lets one more in now and then beside others where requests take long: what waits takes no time from them', async () => {
      const { clock, process, places, refusals, send } = opened();
      process.busyShare = 0.9;
      for (let step = 0; step < 3; step += 1) {
        send('b');
        places.pop()!.leave();
        if (step === 0) send('a', 5);
        assert.equal(places.length, 2 + step);
        await clock.advance(500);
      }
      assert.deepEqual([places.length, refusals.length], [5, 0]);
    });

    it('lets nobody in where all places are taken, however slow it is', async () => {
      const { clock, places, send } = opened();
      send('a', AT_ONCE);
      send('b');
      await clock.advance(900);
      assert.equal(places.length, AT_ONCE);
    });

    it('refuses after a second what is more than a few, so that an overload keeps nobody waiting for longer', async () => {
      const { refusals, send, turns } = waiting(64);
      await turns(12, 100);
      assert.equal(refusals.length, 0);
      await turns(1, 100);
      assert.equal(refusals.length, 64 - 12 - 16);
      send('a', 48);
      await turns(3, 100);
      assert.equal(refusals.length, 64 - 12 - 16 + 48 - 2);
    });

    it('takes nobody for hanging because the process itself stood still', async () => {
      const { clock, refusals, stop } = waiting(1);
      stop(3_000);
      await clock.advance(500);
      assert.equal(refusals.length, 0);
    });
  });

  it('tells the log whom it refuses, once in ten seconds', async () => {
    const { clock, send, telemetry } = opened();
    send('a', AT_ONCE + A_BURST + 50);
    assert.deepEqual(
      telemetry.warnings.map(({ fields }) => fields),
      [{ reason: 'overloaded', partnerId: 'a', limit: AT_ONCE, waiting: A_BURST }],
    );
    assert.equal(telemetry.counts.get('hub.intake.shed{"reason":"overloaded"}'), 50);
    await clock.advance(10_000);
    send('a', A_BURST + 1);
    assert.equal(telemetry.warnings.length, 2);
  });

  it('spreads those it refuses over three seconds', () => {
    const { refusals, send } = opened();
    send('a', AT_ONCE + A_BURST + 6);
    const afterMs = refusals.map((error) => (error as OverloadedError).retryAfterMs);
    assert.deepEqual(new Set(afterMs), new Set([1_000, 2_000, 3_000]));
  });
});
