import assert from 'node:assert/strict';
import type { FaultKind } from './fault.ts';
import { lineOf, singleKillsOf, summaryOf } from './report.ts';
import type { RoundReport } from './rounds.ts';

const round = (kinds: readonly FaultKind[], degradedMs: number, recoveredMs: number): RoundReport => ({
  seed: 7,
  faults: kinds.map((kind, index) => ({ name: `thing ${index + 1} broken`, kind })),
  brokenMs: 2_100,
  degradedMs,
  recoveredMs,
});

describe("report of a networked hub's rounds", () => {
  it('names for each round what was broken, how long the hub was degraded, and how fast it was well again', () => {
    assert.equal(
      lineOf(round(['process killed', 'clock set'], 400, 650)),
      'seed 7: thing 1 broken, thing 2 broken | broken 2.1 s, degraded 0.4 s, well again after 0.7 s',
    );
    assert.equal(lineOf(round(['clock set'], 0, 0)), 'seed 7: thing 1 broken | broken 2.1 s, nobody noticed');
  });

  it('sums rounds up by what was broken alone, and keeps those apart in which several things were', () => {
    const rounds = [
      round(['process killed'], 1_000, 2_000),
      round(['process killed'], 3_000, 4_000),
      round(['engine frozen'], 0, 0),
      round(['process killed', 'engine frozen'], 9_000, 9_500),
    ];
    assert.deepEqual(summaryOf(rounds).split('\n').slice(2), [
      '| process killed | 2 | 1.0 / 3.0 / 3.0 | 2.0 / 4.0 / 4.0 |',
      '| engine frozen | 1 | 0.0 / 0.0 / 0.0 | 0.0 / 0.0 / 0.0 |',
      '| several at once | 1 | 9.0 / 9.0 / 9.0 | 9.5 / 9.5 / 9.5 |',
      '| all | 4 | 1.0 / 9.0 / 9.0 | 2.0 / 9.5 / 9.5 |',
    ]);
  });

  it('tells from a hundred kills of one replica or engine whether one in a hundred took longer than it should', () => {
    const kills = (...recoveredMs: readonly number[]) =>
      recoveredMs.map((ms, index) => round([index % 2 ? 'process killed' : 'engine killed'], ms, ms));
    const fast = kills(...Array.from({ length: 99 }, () => 1_000));
    assert.deepEqual(singleKillsOf([...fast, ...kills(20_000), round(['process killed', 'clock set'], 60_000, 60_000)]), {
      line:
        '100 single kills: well again after 1.0 s at p99, counted from the kill of a replica, and from when a killed engine is there again ' +
        '(aim 10.0 s: met)',
      isMissed: false,
    });
    assert.equal(singleKillsOf([...fast, ...kills(20_000, 20_000)]).isMissed, true);
    assert.match(singleKillsOf(kills(20_000)).line, /too few to tell/);
  });
});
