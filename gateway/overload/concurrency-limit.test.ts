import assert from 'node:assert/strict';
import { seededRandom } from '@sagahub/simulators/random.ts';
import fc from 'fast-check';
import { ConcurrencyLimit } from './concurrency-limit.ts';

/** A server that has a request for itself for `waitMs`, and for `workMs` of a single processor that it shares with those beside it. */
interface Server {
  waitMs: number;
  workMs: number;
}

/** Runs requests through a limit against a server, with as many as wanted always waiting, in simulated time. */
class Simulation {
  readonly limit: ConcurrencyLimit;
  readonly server: Server;
  nowMs = 0;
  done = 0;
  readonly tookMs: number[] = [];
  #inFlight: { readonly beganMs: number; endsMs: number }[] = [];
  #processorFreeMs = 0;

  constructor(server: Server, options = { most: 512, tolerance: 1.5 }) {
    this.server = server;
    this.limit = new ConcurrencyLimit(options);
  }

  /** @param wanted in flight at most, for want of more, or because something holds them back; default: more than may be */
  run(ms: number, wanted = Infinity, isHeldBack = false): this {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      while (this.#inFlight.length < Math.min(wanted, this.limit.limit)) this.#begin();
      const next = this.#inFlight.reduce((soonest, one) => (one.endsMs < soonest.endsMs ? one : soonest));
      this.nowMs = next.endsMs;
      this.#inFlight = this.#inFlight.filter((one) => one !== next);
      const tookMs = this.nowMs - next.beganMs;
      this.tookMs.push(tookMs);
      this.done += 1;
      this.limit.ended(tookMs, this.nowMs, isHeldBack);
    }
    return this;
  }

  #begin(): void {
    const { waitMs, workMs } = this.server;
    this.#processorFreeMs = Math.max(this.#processorFreeMs, this.nowMs) + workMs;
    this.#inFlight.push({ beganMs: this.nowMs, endsMs: this.#processorFreeMs + waitMs });
    this.limit.begun(this.#inFlight.length, this.nowMs);
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

describe('the concurrency limit', () => {
  it('learns nothing from requests of which something else holds back some, as what that does makes them slow', () => {
    const server = { waitMs: 4, workMs: 1 };
    const simulation = new Simulation(server).run(1_000, 2).run(20_000);
    const { limit } = simulation.limit;
    server.waitMs = 100;
    simulation.run(10_000, 2, true);
    server.waitMs = 4;
    simulation.run(2_000);
    assert.ok(Math.abs(simulation.limit.limit - limit) <= 2, `${simulation.limit.limit} after ${limit}`);
  });

  it('finds as many as keep the processor busy, and keeps a request within three times of what it takes alone', () => {
    const simulation = new Simulation({ waitMs: 4, workMs: 1 }).run(1_000, 2).run(20_000);
    const before = simulation.done;
    simulation.tookMs.length = 0;
    simulation.run(5_000);
    assert.ok(simulation.done - before > 4_900, `only ${simulation.done - before} of 5,000`);
    assert.ok(median(simulation.tookMs) < 15, `${median(simulation.tookMs)} ms`);
  });

  it('grows to what a fast server takes that waits for something far away', () => {
    const { limit } = new Simulation({ waitMs: 50, workMs: 0.5 }).run(2_000, 2).run(20_000);
    assert.ok(limit.limit > 80, `${limit.limit}`); // 101 keep it busy
  });

  it('is not taken in by an overload that lasts: after five minutes it is where it was after half a minute', () => {
    const simulation = new Simulation({ waitMs: 4, workMs: 1 }).run(1_000, 2).run(30_000);
    simulation.tookMs.length = 0;
    simulation.run(10_000);
    const early = median(simulation.tookMs);
    simulation.run(300_000);
    simulation.tookMs.length = 0;
    simulation.run(10_000);
    assert.ok(median(simulation.tookMs) < 1.3 * early, `${early} → ${median(simulation.tookMs)} ms`);
  });

  it('follows a server that became slower for good, instead of choking it', () => {
    const simulation = new Simulation({ waitMs: 4, workMs: 1 }).run(1_000, 2).run(10_000);
    simulation.server.waitMs = 100;
    simulation.run(120_000);
    const before = simulation.done;
    simulation.run(10_000);
    assert.ok(simulation.done - before > 5_000, `only ${simulation.done - before} of 10,000`);
  });

  it('stays as it is while it is not reached', () => {
    const simulation = new Simulation({ waitMs: 4, workMs: 1 });
    const { limit } = simulation.limit;
    assert.equal(simulation.run(60_000, 10).limit.limit, limit);
  });

  it('learns within a second that it is calm again', () => {
    const simulation = new Simulation({ waitMs: 4, workMs: 1 }).run(1_000, 2).run(60_000);
    simulation.tookMs.length = 0;
    simulation.run(1_000, 1);
    assert.equal(median(simulation.tookMs), 5);
  });

  it('does not stay where it measures calm because nothing ends whose time tells anything', () => {
    const simulation = new Simulation({ waitMs: 4, workMs: 1 }).run(1_000, 2);
    while (simulation.limit.limit > 4) simulation.run(100);
    const { limit } = simulation;
    limit.begun(5, simulation.nowMs + 1_100);
    assert.ok(limit.limit > 4, `${limit.limit}`);
  });

  it('stays between one and the most, whatever it is told', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.record({ inFlight: fc.integer({ min: 1, max: 300 }), tookMs: fc.double({ min: 0, max: 1e5, noNaN: true }) }), {
          maxLength: 400,
        }),
        fc.integer({ min: 1, max: 50 }),
        (most, requests, stepMs) => {
          const limit = new ConcurrencyLimit({ most, tolerance: 1.5 });
          for (const [index, { inFlight, tookMs }] of requests.entries()) {
            limit.begun(inFlight, index * stepMs);
            limit.ended(tookMs, index * stepMs);
            assert.ok(Number.isInteger(limit.limit) && limit.limit >= 1 && limit.limit <= most, String(limit.limit));
            assert.ok(limit.perMs > 0);
          }
        },
      ),
    ));

  it('bears requests that take no time that a clock can tell', () => {
    const limit = new ConcurrencyLimit({ most: 64, tolerance: 1.5 });
    for (let nowMs = 0; nowMs < 2_000; nowMs += 5) {
      limit.wanted();
      limit.ended(0, nowMs);
    }
    assert.equal(limit.limit, 64);
  });

  it('bears requests of very different length', () => {
    const random = seededRandom(7);
    const server = {
      workMs: 1,
      get waitMs() {
        return random() < 0.1 ? 40 : 2 + random() * 4;
      },
    };
    const simulation = new Simulation(server).run(1_000, 2).run(30_000);
    const before = simulation.done;
    simulation.run(10_000);
    assert.ok(simulation.done - before > 8_000, `only ${simulation.done - before} of 10,000`);
  });
});
