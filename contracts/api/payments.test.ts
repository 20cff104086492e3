import assert from 'node:assert/strict';
import { type Fault, ValidationError } from '../errors.ts';
import { validatePlacePayment } from './payments.ts';

const payment = (changes: object = {}) => ({
  paymentReference: 'PAY-1',
  amount: '59.7',
  currency: 'EUR',
  method: { type: 'card', token: 'tok_1' },
  ...changes,
});
const faultsOf = (body: unknown): readonly Fault[] => {
  try {
    validatePlacePayment(body);
    return [];
  } catch (error) {
    assert.ok(error instanceof ValidationError, String(error));
    return error.extensions.errors;
  }
};

describe('payment command', () => {
  const refused: readonly [what: string, body: unknown, pointer: string, code: string, detail: RegExp][] = [
    ['a list', [], '#', 'wrong-type', /must be an object, not an array/],
    ['null', null, '#', 'wrong-type', /must be an object/],
    ['no reference', payment({ paymentReference: undefined }), '#/paymentReference', 'required', /is required/],
    ['an unknown field', payment({ cvv: '123' }), '#/cvv', 'unknown-field', /remove it/],
    ['an amount as a JSON number', payment({ amount: 59.7 }), '#/amount', 'wrong-type', /send "59\.7"/],
    ['an amount of nothing', payment({ amount: '0.00' }), '#/amount', 'not-a-positive-decimal', /greater than 0/],
    ['a negative amount', payment({ amount: '-1' }), '#/amount', 'not-a-positive-decimal', /negative/],
    ['three fraction digits of euros', payment({ amount: '1.000' }), '#/amount', 'too-many-fraction-digits', /at most 2 .* in EUR/],
    ['fractions of a yen', payment({ amount: '1.5', currency: 'JPY' }), '#/amount', 'too-many-fraction-digits', /whole number of JPY/],
    ['a currency in small letters', payment({ currency: 'eur' }), '#/currency', 'not-a-known-value', /send "EUR"/],
    ['no method', payment({ method: undefined }), '#/method', 'required', /is required/],
    ['an unknown method', payment({ method: { type: 'cash', token: 't' } }), '#/method/type', 'not-a-known-value', /card, wallet, bank/],
    ['no token', payment({ method: { type: 'card' } }), '#/method/token', 'required', /is required/],
    ['a payer without id', payment({ payer: { name: 'Ada' } }), '#/payer/id', 'required', /is required/],
    ['a payer whose id has a line break', payment({ payer: { id: 'a\nb' } }), '#/payer/id', 'not-an-identifier', /U\+000A/],
    ['metadata that is no text', payment({ metadata: { a: 1 } }), '#/metadata/a', 'wrong-type', /must be a string/],
    ['__proto__ in metadata', payment({ metadata: JSON.parse('{"__proto__":"x"}') }), '#/metadata/__proto__', 'invalid-key', /start with/],
  ];
  for (const [what, body, pointer, code, detail] of refused)
    it(`refuses ${what}`, () => {
      const [fault, ...others] = faultsOf(body);
      assert.deepEqual([fault?.pointer, fault?.code, others], [pointer, code, []]);
      assert.match(fault!.detail, detail);
    });

  it('lists every fault at once', () => {
    const pointers = faultsOf({ amount: '1.234', currency: 'EUR', method: { type: 'cash' }, cvv: '1' }).map(({ pointer }) => pointer);
    assert.deepEqual(new Set(pointers), new Set(['#/amount', '#/cvv', '#/method/token', '#/method/type', '#/paymentReference']));
  });

  it("keeps the amount with the currency's minor digits, so that one amount is one amount", () => {
    const amountOf = (amount: string, currency: string) => validatePlacePayment(payment({ amount, currency })).amount;
    assert.deepEqual(
      [amountOf('59.7', 'EUR'), amountOf('7', 'EUR'), amountOf('0.01', 'EUR'), amountOf('700', 'JPY'), amountOf('1.5', 'KWD')],
      ['59.70', '7.00', '0.01', '700', '1.500'],
    );
  });

  it('says of a card number only where it is, whatever else is wrong', () => {
    const body = { amount: 4111111111111111, currency: 'eur', method: { token: '4111 1111 1111 1111' }, '4111111111111111': 1 };
    const faults = faultsOf(body);
    assert.deepEqual(
      faults.map(({ pointer, code }) => [pointer, code]),
      [
        ['#/amount', 'looks-like-card-number'],
        ['#/method/token', 'looks-like-card-number'],
        ['#', 'looks-like-card-number'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(faults), /1111/);
  });
});
