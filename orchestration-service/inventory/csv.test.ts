import assert from 'node:assert/strict';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import { parseCsv } from './csv.ts';

const HEADER = ['sku', 'available'];
const fieldsOf = (text: string) => parseCsv(text, HEADER).map(({ fields }) => fields);
const refuses = (text: string, message: RegExp) =>
  assert.throws(
    () => parseCsv(text, HEADER),
    (error) => error instanceof MalformedRequestError && error.code === 'HUB_MALFORMED_CSV' && message.test(error.message),
  );

describe('CSV', () => {
  it('reads records with LF or CRLF, with or without a last line end, blank lines and byte order mark aside', () => {
    const expected = [
      ['A', '1'],
      ['B', '2'],
    ];
    for (const text of ['sku,available\nA,1\nB,2', 'sku,available\r\nA,1\r\n\r\nB,2\r\n', '\uFEFFsku,available\nA,1\nB,2\n'])
      assert.deepEqual(fieldsOf(text), expected);
  });

  it('takes quoted fields as they are: commas, quotes, line ends, spaces', () =>
    assert.deepEqual(fieldsOf('sku,available\n"A, ""big""\nsize", 7\n"",""'), [
      ['A, "big"\nsize', ' 7'],
      ['', ''],
    ]));

  it('keeps an empty last field', () => assert.deepEqual(fieldsOf('sku,available\nA,'), [['A', '']]));

  it('knows at which line a record begins', () =>
    assert.deepEqual(
      parseCsv('sku,available\n"A\nA",1\n\nB,2', HEADER).map(({ line }) => line),
      [2, 5],
    ));

  it('refuses what it could only guess at, naming the line', () => {
    refuses('', /line 1 .*sku,available/);
    refuses('SKU;available\nA;1', /line 1/);
    refuses('sku,available\nA,1\nB', /line 3 has 1 fields instead of 2/);
    refuses('sku,available\nA,1,2', /line 2 has 3 fields/);
    refuses('sku,available\n"A,1', /line 2 has a quote/);
    refuses('sku,available\nA"B,1', /line 2 has a quote/);
    refuses('sku,available\n"A"B,1', /line 2 has a quote/);
  });
});
