import assert from 'node:assert/strict';
import { readOptions, SECTIONS } from './options.ts';

describe('options of the benchmark', () => {
  it('measure everything by default, without the long runs', () => {
    const { sections, ...rest } = readOptions([]);
    assert.deepEqual([...sections], [...SECTIONS]);
    assert.deepEqual(rest, { orders: 20_000, stored: undefined, minutes: 0, jsonFile: undefined });
  });

  it('take one section or several', () => {
    assert.deepEqual([...readOptions(['--only', 'latency', '--only', 'memory']).sections], ['latency', 'memory']);
  });

  for (const args of [
    ['--only', 'everything'],
    ['--orders', '0'],
    ['--orders', 'many'],
    ['--minutes', '-1'],
    ['--stored', '1.5'],
    ['--fast'],
  ])
    it(`refuse ${args.join(' ')}`, () => assert.throws(() => readOptions(args)));
});
