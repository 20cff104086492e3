import assert from 'node:assert/strict';
import { aimedAbove, aimedBelow, aimedP99, figure, tableOf } from './figures.ts';
import { soakFigures } from './soak.ts';

describe('figures of the benchmark', () => {
  it('meet an aim exactly, and miss it by any less', () => {
    assert.equal(aimedAbove('rate', 1_600, 1_600, '').met, true);
    assert.equal(aimedAbove('rate', 1_599.9, 1_600, '').met, false);
    assert.equal(aimedBelow('cost', 0.8, 0.8, 'ms', 2).met, true);
    assert.equal(aimedBelow('cost', 0.801, 0.8, 'ms', 2).met, false);
    const latencies = { count: 100, p50: 1, p95: 2, p99: 50.1, max: 900 };
    assert.equal(aimedP99('accepted', latencies, 50).met, false);
    assert.equal(aimedP99('accepted', { ...latencies, p99: 50 }, 50).met, true);
  });

  it('stand in a Markdown table whose columns line up', () => {
    const lines = tableOf([aimedAbove('completed', 1_700.4, 1_600, '/s'), figure('memory', '600 MiB', 600)]).split('\n');
    assert.deepEqual(lines, [
      '|           | measured | aim        |     |',
      '| --------- | -------- | ---------- | --- |',
      '| completed | 1,700 /s | ≥ 1,600 /s | met |',
      '| memory    | 600 MiB  |            |     |',
    ]);
    assert.equal(new Set(lines.map((line) => line.length)).size, 1);
  });

  it('call memory flat only while its last third stays near the second, in its median and in its peaks', () => {
    const samples = (rssOf: (index: number) => number, lagSeconds = 0.1) =>
      Array.from({ length: 90 }, (_, index) => ({ rssMiB: rssOf(index), lagSeconds, inFlight: 0 }));
    const memory = (rssOf: (index: number) => number) => soakFigures(samples(rssOf), [1], 10)[0];
    assert.equal(memory((index) => (index < 30 ? 300 + 10 * index : 600 + (index % 5)))?.met, true);
    assert.equal(memory((index) => 300 + 5 * index)?.met, false);
    assert.equal(memory((index) => (index === 85 ? 720 : 600))?.met, false, 'a peak that was not there before');
    assert.equal(memory((index) => (index % 10 === 5 ? 720 : 600))?.met, true, 'peaks that were there before');
    assert.equal(memory(() => 600)?.value, '600 (600) → 600 (600) MiB');
    assert.equal(
      soakFigures(
        samples(() => 600, 3),
        [1],
        10,
      )[1]?.met,
      false,
    );
  });
});
