import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ValidationError } from '../errors.ts';
import { looksLikeCardNumber, refuseCardNumbers } from './card-numbers.ts';

/** 13 to 19 digits, the last of which is the check digit, reckoned from the left: not as the code under test does. */
const cardNumber = fc.stringMatching(/^[1-9]\d{11,17}$/).map((payload) => {
  const sum = payload
    .split('')
    .toReversed()
    .reduce((total, digit, place) => {
      const weighed = place % 2 === 0 ? String(Number(digit) * 2).split('') : [digit];
      return total + weighed.reduce((part, each) => part + Number(each), 0);
    }, 0);
  return `${payload}${(10 - (sum % 10)) % 10}`;
});
/** As people write it: with a space or a hyphen here and there. */
const written = fc
  .tuple(cardNumber, fc.array(fc.constantFrom('', '', '', ' ', '-', ' - ', '\u00a0', '\u2011'), { minLength: 18, maxLength: 18 }))
  .map(([number, separators]) =>
    number
      .split('')
      .map((digit, place) => (place === 0 ? digit : `${separators[place - 1]}${digit}`))
      .join(''),
  );
const words = fc.stringMatching(/^[A-Za-z_:.]{0,9}$/);
const embedded = fc.tuple(words, written, words).map(([before, number, after]) => ({ text: before + number + after, number }));

/** A body with the text somewhere in it, as a value or as a name. */
const bodyWith = (text: string): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    body: fc.oneof(
      { maxDepth: 4 },
      fc.constant(text),
      fc.constant({ [text]: 1 }),
      fc
        .tuple(fc.dictionary(words, fc.boolean(), { maxKeys: 3 }), words, tie('body'))
        .map(([others, name, inner]) => ({ ...others, [name]: inner })),
      fc.tuple(fc.array(words, { maxLength: 3 }), tie('body')).map(([others, inner]) => [...others, inner]),
    ),
  })).body;

const digitsOf = (text: string): string => text.replaceAll(/\D/g, '');

describe('card numbers', () => {
  const numbers: readonly (readonly [text: string, looksLikeOne: boolean])[] = [
    ['4111111111111111', true],
    ['4111 1111 1111 1111', true],
    ['4111-1111-1111-1111', true],
    ['tok_4111111111111111', true],
    ['pay with 3782 822463 10005, please', true],
    ['4111 1111 1111 1111 12/27', true],
    ['4111 1111 1111 1111 123', true],
    ['６０１１１１１１１１１１１１１７', true],
    ['41\u200b1111 1111 1111 11', true],
    ['4222222222222', true],
    ['6304000000000000000', true],
    ['4111111111111112', false],
    ['411111111117', false],
    ['41111111111111111111', false],
    ['1234.5678.9012.3452', false],
    ['550e8400-e29b-41d4-a716-446655440006', false],
    ['tok_00c4111111111111111b2c4d9e8f7a', false],
    ['PO-10045', false],
    ['', false],
  ];
  for (const [text, expected] of numbers)
    it(`${expected ? 'sees one' : 'sees none'} in ${JSON.stringify(text)}`, () => assert.equal(looksLikeCardNumber(text), expected));

  it('are refused wherever they stand in a body, and never repeated', () => {
    const bodies = embedded.chain(({ text, number }) => bodyWith(text).map((body) => ({ body, number })));
    fc.assert(
      fc.property(bodies, ({ body, number }) => {
        assert.throws(
          () => refuseCardNumbers(body),
          (error) => {
            assert.ok(error instanceof ValidationError);
            const [fault, ...others] = error.extensions.errors;
            assert.equal(fault?.code, 'looks-like-card-number');
            assert.deepEqual(others, []);
            const told = decodeURIComponent(`${error.message} ${JSON.stringify(error.extensions)}`);
            assert.ok(!told.includes(number), told);
            assert.ok(!digitsOf(told).includes(digitsOf(number)), told);
            return true;
          },
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('are not seen in bodies without so many digits', () => {
    const text = fc.string({ maxLength: 40 }).map((any) => any.replaceAll(/\p{N}/gu, 'n'));
    const short = fc.tuple(text, fc.stringMatching(/^\d{0,12}$/), text).map((parts) => parts.join(''));
    fc.assert(fc.property(fc.dictionary(short, fc.oneof(short, fc.array(short))), (body) => refuseCardNumbers(body)));
  });

  it('are looked for in time that grows with the body and no faster', () => {
    const searched = (size: number): number => {
      const body = { text: '1 '.repeat(5 * size), hex: '1a'.repeat(2 * size), more: Array.from({ length: size }, () => '12345678-') };
      const began = process.cpuUsage();
      refuseCardNumbers(body);
      return process.cpuUsage(began).user;
    };
    searched(5_000); // compiled
    const [small, large] = [searched(5_000), searched(50_000)];
    assert.ok(large < 40 * small, `${small} µs, and ${large} µs for ten times as much`);
  });
});
