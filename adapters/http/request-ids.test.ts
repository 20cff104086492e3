import assert from 'node:assert/strict';
import { acceptId, acceptTraceparent } from './request-ids.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';

describe('request ids', () => {
  for (const id of ['a', 'Order-1_2.3', 'x'.repeat(128)]) it(`keeps ${id.slice(0, 20)}`, () => assert.equal(acceptId(id), id));
  for (const id of [undefined, '', 'x'.repeat(129), 'a b', 'a\r\nb', '<script>', 'é'])
    it(`replaces ${JSON.stringify(id)?.slice(0, 20)}`, () => assert.match(acceptId(id), /^[\da-f-]{36}$/));
});

describe('acceptTraceparent', () => {
  it('continues a valid one', () => assert.equal(acceptTraceparent(`00-${TRACE}-01`), `00-${TRACE}-01`));
  it('reads a higher version as version 00', () => assert.equal(acceptTraceparent(`42-${TRACE}-01-what-ever`), `00-${TRACE}-01`));
  const invalid = [
    undefined,
    '',
    `ff-${TRACE}-01`,
    `00-${TRACE}-01-more`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-01`,
    `42-${TRACE}-01-${'x'.repeat(600)}`,
  ];
  for (const value of invalid) it(`starts a new trace for ${value?.slice(0, 70)}`, () => assert.equal(acceptTraceparent(value), undefined));
});
