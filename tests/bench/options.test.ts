import assert from 'node:assert/strict';
import { readOptions, SECTIONS } from './options.ts';

describe('options of the benchmark', () => {
  it('measure everything by default, without the long runs', () => {
    const { sections, ...rest } = readOptions([]);
    assert.deepEqual(
      [...sections],
      SECTIONS.filter((name) => name !== 'overload'),
    );
    assert.deepEqual(rest, {
      profile: 'embedded',
      eventStore: 'postgres',
      orders: 20_000,
      stored: undefined,
      minutes: 0,
      jsonFile: undefined,
    });
  });

  it('take one section or several', () => {
    assert.deepEqual([...readOptions(['--only', 'latency', '--only', 'memory']).sections], ['latency', 'memory']);
  });

  it('measure the networked profile on any of its logs, with fewer orders unless told otherwise', () => {
    const { profile, eventStore, orders } = readOptions(['--profile', 'networked', '--event-store', 'kurrentdb']);
    assert.deepEqual([profile, eventStore, orders], ['networked', 'kurrentdb', 20_000]);
    assert.equal(readOptions(['--profile', 'networked', '--orders', '70']).orders, 70);
  });

  for (const args of [
    ['--only', 'everything'],
    ['--orders', '0'],
    ['--orders', 'many'],
    ['--minutes', '-1'],
    ['--stored', '1.5'],
    ['--fast'],
    ['--profile', 'distributed'],
    ['--event-store', 'sqlite'],
  ])
    it(`refuse ${args.join(' ')}`, () => assert.throws(() => readOptions(args)));
});
