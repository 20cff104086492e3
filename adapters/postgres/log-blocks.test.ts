import assert from 'node:assert/strict';
import { systemClock } from '../process/clock.ts';
import { EventSubscription } from './event-subscription.ts';
import { blockOf, LogBlocks } from './log-blocks.ts';

const known = (...payloads: readonly string[]): LogBlocks => {
  const blocks = new LogBlocks();
  for (const payload of payloads) blocks.add(blockOf(payload));
  return blocks;
};

describe('what is known of the end of the log', () => {
  it('lets a reader pass what is of other categories, up to the first block that is not', () => {
    const blocks = known('10 20 order', '20 30 order,delivery', '30 31 partner', '31 40 order');
    assert.equal(blocks.skip(10n, ['partner']), 30n);
    assert.equal(blocks.skip(25n, ['breaker']), 40n);
    assert.equal(blocks.skip(40n, ['partner']), 40n);
    assert.equal(blocks.skip(10n, ['partner', 'order']), 10n);
  });

  it('tells nothing of what came before, and nothing across a gap', () => {
    assert.equal(known('10 20 order').skip(5n, ['partner']), 5n);
    const gap = known('10 20 order', '25 30 order');
    assert.equal(gap.skip(10n, ['partner']), 10n);
    assert.equal(gap.skip(25n, ['partner']), 30n);
  });

  it('makes nothing of a block whose categories were too many to tell', () => {
    const blocks = known('10 20 order', '20 30 ', '30 40 order');
    assert.equal(blocks.skip(20n, ['partner']), 20n);
    assert.equal(blocks.skip(30n, ['partner']), 40n);
  });

  it('forgets the oldest of many', () => {
    const blocks = known(...Array.from({ length: 10_000 }, (_, index) => `${index} ${index + 1} order`));
    assert.equal(blocks.skip(0n, ['partner']), 0n);
    assert.equal(blocks.skip(9_000n, ['partner']), 10_000n);
  });

  it('spares a subscriber of other categories every read', async () => {
    const blocks = known('0 7 order', '7 9 order');
    let reads = 0;
    const source = {
      clock: systemClock(),
      end: () => 9n,
      skip: (position: bigint, categories: readonly string[]) => blocks.skip(position, categories),
      read: async () => {
        reads += 1;
        return [];
      },
    };
    await using subscription = new EventSubscription(source, { after: 0n, categories: ['partner'], onEvents: () => {} }, () => {});
    assert.equal(subscription.position, 9n);
    assert.equal(reads, 0);
  });
});
