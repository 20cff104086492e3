import assert from 'node:assert/strict';
import { type Fault, HubError, MalformedRequestError, ValidationError } from '@sagahub/contracts/errors.ts';
import fc from 'fast-check';
import { messageTypes, ORDER_INTAKE } from './definitions.ts';
import { checkWireFormat } from './wire-format.ts';

const encode = (order: object): Buffer => ORDER_INTAKE['SubmitOrder']!.requestSerialize(order);
const check = (bytes: Uint8Array) => checkWireFormat(bytes, 'Order', messageTypes);
const faultsOf = (bytes: Uint8Array): readonly Fault[] => {
  try {
    check(bytes);
    return [];
  } catch (error) {
    assert.ok(error instanceof ValidationError, String(error));
    return error.extensions.errors;
  }
};
/** A field by its number, delimited. */
const field = (number: number, value: string | Uint8Array, wireType = 2): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([(number << 3) | wireType, bytes.length]), bytes]);
};

describe('wire format of an order', () => {
  it('passes everything that the contract can say', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    const order = fc.record(
      {
        orderNumber: text,
        note: text,
        buyer: fc.record({ id: text, name: text }, { requiredKeys: [] }),
        shipTo: fc.record({ country: text }, { requiredKeys: [] }),
        lines: fc.array(fc.record({ lineNumber: fc.nat(), sku: text, quantity: text }, { requiredKeys: [] }), { maxLength: 5 }),
        metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), text),
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(order, (message) => check(encode(message))));
  });

  it('is decided about for any bytes whatever: passed, or refused with an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          check(bytes);
        } catch (error) {
          assert.ok(error instanceof HubError, String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses a field that the contract does not know, naming where', () => {
    const line = Buffer.concat([field(2, 'SKU-1'), field(12, 'red')]);
    const faults = faultsOf(Buffer.concat([encode({ orderNumber: 'PO-1' }), field(6, field(2, 'SKU-0')), field(6, line), field(14, 'x')]));
    assert.deepEqual(
      faults.map(({ pointer, code }) => [pointer, code]),
      [
        ['#/lines/1/12', 'unknown-field'],
        ['#/14', 'unknown-field'],
      ],
    );
  });

  it('refuses a field of another kind, which a decoder would take for what it is not', () => {
    assert.deepEqual(
      faultsOf(Buffer.from([(1 << 3) | 0, 7])).map(({ pointer, code }) => [pointer, code]),
      [['#/orderNumber', 'wrong-type']],
    );
  });

  it('refuses text that is no UTF-8, which a decoder would mend', () => {
    assert.throws(() => check(field(9, Buffer.from([0xc3, 0x28]))), /#\/note is not valid UTF-8/);
  });

  it('refuses a message that ends too early, or has groups', () => {
    const whole = encode({ orderNumber: 'PO-1', note: 'n'.repeat(50) });
    assert.throws(() => check(whole.subarray(0, -1)), MalformedRequestError);
    assert.throws(() => check(Buffer.from([(1 << 3) | 3])), MalformedRequestError);
    assert.throws(() => check(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1])), MalformedRequestError);
  });
});
