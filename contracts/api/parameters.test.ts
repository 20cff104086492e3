import assert from 'node:assert/strict';
import { MalformedRequestError } from '../errors.ts';
import { decodeCursor, encodeCursor, moment, pageParameters, readQuery, words } from './parameters.ts';
import type { ApiRequest } from './route.ts';

const SPEC = {
  ...pageParameters(200),
  since: { description: '', schema: moment.optional() },
  kind: { description: '', schema: words(['a', 'b']).optional() },
};
const read = (query: ApiRequest['query']) => readQuery({ query } as ApiRequest, SPEC);
const faultsOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof MalformedRequestError);
    assert.equal(error.code, 'HUB_INVALID_PARAMETER');
    return error.extensions.errors?.map(({ parameter, code, detail }) => `${parameter} ${code}: ${detail}`);
  }
  return assert.fail('nothing was refused');
};

describe('query parameters', () => {
  it('are parsed, with defaults, and times as UTC', () => {
    assert.deepEqual(read({}), { limit: 50, cursor: undefined, since: undefined, kind: undefined });
    const given = read({ limit: '200', since: '2026-11-20T11:00:00+01:00', kind: 'b,a' });
    assert.deepEqual([given.limit, given.since, given.kind], [200, '2026-11-20T10:00:00.000Z', ['b', 'a']]);
  });

  it('are refused all at once when unknown, repeated or of the wrong form', () => {
    assert.deepEqual(
      faultsOf(() => read({ limit: '201', cursor: ['x', 'y'], since: '2026-11-20', kind: 'c', colour: 'red' })),
      [
        'colour unknown-parameter: is not known here; known are limit, cursor, since, kind',
        'limit invalid-parameter: must be from 1 to 200',
        'cursor repeated-parameter: may be given once',
        'since invalid-parameter: must be a time such as 2026-11-20T10:00:00Z',
        'kind invalid-parameter: must be one or more of a, b, separated by commas',
      ],
    );
  });
});

describe('cursors', () => {
  it('come back as they were, whatever is in them', () => {
    assert.deepEqual(decodeCursor(encodeCursor('stock', 'ä"\n🙂', ''), 'stock', 2), ['ä"\n🙂', '']);
  });

  for (const [what, cursor] of [
    ['no cursor', 'abc'],
    ['of another shape', encodeCursor('stock', 'a')],
    ['with a number in it', Buffer.from('["stock",1,2]').toString('base64url')],
    ['empty', ''],
  ] as const)
    it(`are refused when ${what}`, () => {
      assert.match(String(faultsOf(() => decodeCursor(cursor, 'stock', 2))), /not-a-cursor: is not one the hub gave you/);
    });

  it('are refused by a query they do not belong to', () => {
    assert.match(String(faultsOf(() => decodeCursor(encodeCursor('discounts', 'a'), 'stock', 1))), /other filters/);
  });
});
