import assert from 'node:assert/strict';
import { Member } from './member.ts';

const MINUTE = 60_000;
const member = (position = 10n): Member => new Member('ledger', ['order.#', 'payment.approved'], position, 5n, 0);

describe('a consumer of events', () => {
  it('wants what any of its patterns matches', () => {
    const one = member();
    assert.deepEqual(
      ['order.completed', 'payment.approved', 'payment.declined'].map((type) => one.wants(type)),
      [true, true, false],
    );
  });

  it('tells for how long the oldest event has been in its queue', () => {
    const one = member();
    one.look(0, 0, 0);
    assert.equal(one.oldestAgeMs(5_000), 0);
    one.sent(3);
    one.look(3, 0, 1_000);
    one.sent(2);
    one.look(5, 0, 2_000);
    assert.equal(one.oldestAgeMs(10_000), 10_000, 'sent behind the look at 0');
    one.look(2, 0, 3_000); // the first three were taken
    assert.equal(one.oldestAgeMs(10_000), 9_000, 'sent behind the look at 1,000');
    one.look(0, 0, 4_000);
    assert.equal(one.oldestAgeMs(10_000), 0);
  });

  it('keeps few samples of a queue that nobody reads, and still tells the age of its oldest event', () => {
    const one = member();
    for (let second = 1; second <= 5_000; second += 1) {
      one.sent(1);
      one.look(second, 0, second * 1_000);
    }
    assert.equal(one.oldestAgeMs(5_000_000), 5_000_000);
  });

  it('holds for settled what it was given half an hour before its queue was empty, and no later', () => {
    const one = member();
    one.look(0, 0, 0);
    one.position = 20n;
    one.look(0, 1, 10 * MINUTE); // one comes again later: not empty
    one.look(0, 0, 20 * MINUTE);
    one.look(0, 0, 29 * MINUTE);
    assert.equal(one.safe, 5n);
    one.look(0, 0, 30 * MINUTE);
    assert.equal(one.safe, 10n);
    one.look(0, 0, 50 * MINUTE);
    assert.equal(one.safe, 20n);
  });

  it('holds nothing for settled that it is to get again', () => {
    const one = member();
    one.look(0, 0, 0);
    one.goBack(2n);
    one.look(0, 0, 31 * MINUTE);
    assert.deepEqual([one.mode, one.position, one.safe], ['behind', 2n, 2n]);
  });
});
