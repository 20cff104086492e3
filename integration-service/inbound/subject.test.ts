import assert from 'node:assert/strict';
import { subjectOf } from '@sagahub/contracts/personal-data.ts';
import { subjectOfMessage } from './subject.ts';

const subject = (partnerId: string | undefined, body: unknown) =>
  subjectOfMessage(partnerId, 'i-1', Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

describe('subject of a message', () => {
  it('is the buyer, so that erasing the buyer erases the message', () => {
    assert.equal(subject('acme', { buyer: { id: 'C-1' }, currency: 5 }), subjectOf('acme', 'C-1'));
  });

  it('is the message itself where no buyer can be read off it, or none that ever was one', () => {
    for (const body of [
      '',
      '<order/>',
      'null',
      {},
      { buyer: null },
      { buyer: { id: 5 } },
      { buyer: { id: '' } },
      { buyer: { id: 'C\u0000' } },
    ])
      assert.equal(subject('acme', body), 'inbound\ni-1', JSON.stringify(body));
    assert.equal(subject(undefined, { buyer: { id: 'C-1' } }), 'inbound\ni-1');
  });
});
