import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { KeyWrap } from './key-wrap.ts';

describe('wrapped keys', () => {
  it('hold on to nothing but their own bytes once they are opened: thousands are remembered', () => {
    const keys = new KeyWrap([{ id: 'm', key: randomBytes(32) }]);
    const key = randomBytes(32);
    const opened = keys.unwrap('subject k', keys.wrap('subject k', key));
    assert.deepEqual(Buffer.from(opened), key);
    assert.equal(opened.buffer.byteLength, 32);
  });
});
