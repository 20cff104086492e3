import assert from 'node:assert/strict';
import fc from 'fast-check';
import { z } from 'zod';
import { type Fault, ValidationError } from '../errors.ts';
import { MAX_FAULTS } from './faults.ts';
import { placeOrderSchema, validatePlaceOrder } from './orders.ts';

const line = (changes: object = {}) => ({ sku: 'SKU-1', quantity: '3', unitPrice: '19.90', ...changes });
const order = (changes: object = {}) => ({
  orderNumber: 'PO-1',
  currency: 'EUR',
  buyer: { id: 'C-1', name: 'Ada Keller' },
  shipTo: { country: 'FR' },
  lines: [line()],
  ...changes,
});
const withLine = (changes: object) => order({ lines: [line(changes)] });
const withBuyer = (changes: object) => order({ buyer: { id: 'C-1', name: 'Ada Keller', ...changes } });

const faultsOf = (body: unknown): readonly Fault[] => {
  try {
    validatePlaceOrder(body);
    return [];
  } catch (error) {
    assert.ok(error instanceof ValidationError, String(error));
    return error.extensions.errors;
  }
};

describe('order command', () => {
  const refused: readonly [what: string, body: unknown, pointer: string, code: string, detail: RegExp][] = [
    ['a list', [], '#', 'wrong-type', /must be an object, not an array/],
    ['null', null, '#', 'wrong-type', /must be an object/],
    ['a missing field', order({ currency: undefined }), '#/currency', 'required', /is required/],
    ['a missing field inside', withLine({ sku: undefined }), '#/lines/0/sku', 'required', /is required/],
    ['null for an optional field', order({ note: null }), '#/note', 'wrong-type', /left out/],
    ['a wrong type', order({ orderNumber: 7 }), '#/orderNumber', 'wrong-type', /must be a string, not a number/],
    ['an unknown field', order({ colour: 1 }), '#/colour', 'unknown-field', /remove it/],
    ['an unknown field of a line', withLine({ colour: 1 }), '#/lines/0/colour', 'unknown-field', /remove it/],
    ['a field whose name needs escapes', order({ 'a/b~c é': 1 }), '#/a~1b~0c%20%C3%A9', 'unknown-field', /remove it/],
    ['__proto__', JSON.parse('{"__proto__":{"admin":true}}'), '#/__proto__', 'unknown-field', /remove it/],
    [
      '__proto__ in a line',
      order({ lines: [JSON.parse('{"sku":"A","quantity":1,"unitPrice":"1","__proto__":1}')] }),
      '#/lines/0/__proto__',
      'unknown-field',
      /remove it/,
    ],
    ['__proto__ in metadata', order({ metadata: JSON.parse('{"__proto__":"x"}') }), '#/metadata/__proto__', 'invalid-key', /start with/],
    ['a price as a JSON number', withLine({ unitPrice: 19.9 }), '#/lines/0/unitPrice', 'wrong-type', /send "19\.9"/],
    ['a price with an exponent', withLine({ unitPrice: '1e3' }), '#/lines/0/unitPrice', 'not-a-decimal-string', /exponent/],
    ['a price of NaN', withLine({ unitPrice: 'NaN' }), '#/lines/0/unitPrice', 'not-a-decimal-string', /decimal string/],
    ['a negative price', withLine({ unitPrice: '-1' }), '#/lines/0/unitPrice', 'not-a-decimal-string', /negative/],
    ['a decimal comma', withLine({ unitPrice: '1,5' }), '#/lines/0/unitPrice', 'not-a-decimal-string', /comma/],
    ['leading zeros', withLine({ unitPrice: '007' }), '#/lines/0/unitPrice', 'not-a-decimal-string', /leading zeros/],
    ['13 integer digits', withLine({ unitPrice: '1'.repeat(13) }), '#/lines/0/unitPrice', 'not-a-decimal-string', /12 integer/],
    ['7 fraction digits', withLine({ quantity: '0.0000001' }), '#/lines/0/quantity', 'not-a-positive-decimal', /6 fraction/],
    ['a quantity of zero', withLine({ quantity: '0.00' }), '#/lines/0/quantity', 'not-a-positive-decimal', /greater than 0/],
    ['a JSON quantity of zero', withLine({ quantity: 0 }), '#/lines/0/quantity', 'too-small', /greater than 0/],
    ['a negative quantity', withLine({ quantity: -1 }), '#/lines/0/quantity', 'too-small', /greater than 0/],
    ['a fractional JSON quantity', withLine({ quantity: 2.5 }), '#/lines/0/quantity', 'wrong-type', /send "2\.5"/],
    ['a huge JSON quantity', withLine({ quantity: 1e21 }), '#/lines/0/quantity', 'too-big', /at most 999999999999$/],
    ['a quantity of another type', withLine({ quantity: [] }), '#/lines/0/quantity', 'wrong-type', /a decimal string or a whole number/],
    ['no lines', order({ lines: [] }), '#/lines', 'too-few', /at least one line/],
    ['1,001 lines', order({ lines: Array.from({ length: 1_001 }, () => line()) }), '#/lines', 'too-many', /at most 1000 lines/],
    [
      'a line number twice',
      order({ lines: [line({ lineNumber: 2 }), line({ lineNumber: 2 })] }),
      '#/lines/1/lineNumber',
      'duplicate-line-number',
      /#\/lines\/0/,
    ],
    [
      'a line number that an unnumbered line has by its place',
      order({ lines: [line({ lineNumber: 2 }), line()] }),
      '#/lines/1/lineNumber',
      'duplicate-line-number',
      /#\/lines\/0/,
    ],
    ['a fractional line number', withLine({ lineNumber: 1.5 }), '#/lines/0/lineNumber', 'wrong-type', /whole number/],
    ['line number 0', withLine({ lineNumber: 0 }), '#/lines/0/lineNumber', 'too-small', /at least 1/],
    ['a currency in small letters', order({ currency: 'eur' }), '#/currency', 'not-a-known-value', /send "EUR"/],
    ['a currency out of force', order({ currency: 'DEM' }), '#/currency', 'not-a-known-value', /ISO 4217/],
    ['an unknown country', order({ shipTo: { country: 'XX' } }), '#/shipTo/country', 'not-a-known-value', /ISO 3166-1/],
    ['an empty order number', order({ orderNumber: '' }), '#/orderNumber', 'not-an-identifier', /empty/],
    ['a space around an order number', order({ orderNumber: 'PO-1 ' }), '#/orderNumber', 'not-an-identifier', /start or end with a space/],
    ['a NUL', order({ orderNumber: 'PO\u0000' }), '#/orderNumber', 'not-an-identifier', /U\+0000 \(character 3\)/],
    ['an invisible character', order({ orderNumber: 'PO\u200b1' }), '#/orderNumber', 'not-an-identifier', /U\+200B/],
    ['a decomposed letter', withLine({ sku: 'a\u0308' }), '#/lines/0/sku', 'not-normalised', /NFC/],
    ['an overlong order number', order({ orderNumber: 'x'.repeat(65) }), '#/orderNumber', 'too-long', /at most 64/],
    ['an overlong name', withBuyer({ name: 'x'.repeat(201) }), '#/buyer/name', 'too-long', /at most 200/],
    ['an overlong address', withBuyer({ email: `a@${'x'.repeat(254)}` }), '#/buyer/email', 'too-long', /at most 254/],
    ['a blank name', withBuyer({ name: ' \u00a0' }), '#/buyer/name', 'not-a-printable-text', /blank/],
    ['a control character', withBuyer({ name: 'A\u0007da' }), '#/buyer/name', 'not-a-printable-text', /U\+0007 \(character 2\)/],
    ['a C1 control', withBuyer({ name: 'A\u0085da' }), '#/buyer/name', 'not-a-printable-text', /U\+0085/],
    ['a lone surrogate', withBuyer({ name: 'A\ud800da' }), '#/buyer/name', 'not-a-printable-text', /U\+D800/],
    ['a bidi override', withBuyer({ name: 'A\u202eda' }), '#/buyer/name', 'not-a-printable-text', /U\+202E/],
    ['a line break in a name', withBuyer({ name: 'Ada\nKeller' }), '#/buyer/name', 'not-a-printable-text', /U\+000A/],
    ['an address without @', withBuyer({ email: 'ada.example.test' }), '#/buyer/email', 'not-an-email', /name@example\.com/],
    ['a time without offset', order({ orderedAt: '2026-11-20T10:00:00' }), '#/orderedAt', 'not-a-date-time', /RFC 3339/],
    ['a time that does not exist', order({ orderedAt: '2026-02-29T10:00:00Z' }), '#/orderedAt', 'not-a-date-time', /existing/],
    ['a date that does not exist', order({ requestedDeliveryDate: '2026-04-31' }), '#/requestedDeliveryDate', 'not-a-date', /existing/],
    ['metadata that is no text', order({ metadata: { a: 1 } }), '#/metadata/a', 'wrong-type', /must be a string/],
    ['a metadata name with a space', order({ metadata: { 'a b': 'x' } }), '#/metadata/a%20b', 'invalid-key', /start with a letter/],
    [
      '51 metadata entries',
      order({ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) }),
      '#/metadata',
      'too-many',
      /at most 50/,
    ],
  ];
  for (const [what, body, pointer, code, detail] of refused)
    it(`refuses ${what}`, () => {
      const sent: unknown = JSON.parse(JSON.stringify(body));
      const fault = faultsOf(Object.hasOwn(Object(body), '__proto__') ? body : sent).find((found) => found.pointer === pointer);
      assert.equal(fault?.code, code);
      assert.match(fault.detail, detail);
    });

  it('takes the least and the most there can be', () => {
    assert.deepEqual(validatePlaceOrder(order()), order({ lines: [line({ lineNumber: 1 })] }));
    const full = order({
      orderNumber: 'Auftrag Ä/2026 №5',
      orderedAt: '2024-02-29T23:59:59.123456789+14:00',
      buyer: { id: 'C-1', name: 'Łukasz 王', email: 'jürgen@bücher.example', taxId: 'FR12345678' },
      shipTo: { name: '🙂', street: 'Rue 1', city: 'Lyon ', postalCode: '69002', country: 'FR' },
      lines: Array.from({ length: 1_000 }, (_, i) => line({ lineNumber: 1_000 - i, unitPrice: '0', quantity: '999999999999.999999' })),
      discountCode: 'WELCOME10',
      requestedDeliveryDate: '2026-12-01',
      note: 'ring twice\n\tthen wait\r\n',
      metadata: { channel: 'edi', constructor: 'x' },
    });
    assert.deepEqual(validatePlaceOrder(full), full);
  });

  it('numbers lines by their place and makes a JSON quantity a string', () => {
    const { lines } = validatePlaceOrder(order({ lines: [line({ quantity: 5 }), line({ lineNumber: 7 }), line()] }));
    assert.deepEqual(
      lines.map(({ lineNumber, quantity }) => [lineNumber, quantity]),
      [
        [1, '5'],
        [7, '3'],
        [3, '3'],
      ],
    );
  });

  it('lists every fault at once, duplicate line numbers beside the rest', () => {
    const faults = faultsOf({ colour: 1, lines: [line({ lineNumber: 1, sku: ' ' }), line({ lineNumber: 1, quantity: '0' })] });
    const pointers = [
      '#/orderNumber',
      '#/currency',
      '#/buyer',
      '#/shipTo',
      '#/lines/0/sku',
      '#/lines/1/quantity',
      '#/lines/1/lineNumber',
      '#/colour',
    ];
    assert.deepEqual(new Set(faults.map(({ pointer }) => pointer)), new Set(pointers));
    assert.equal(faults.length, pointers.length);
  });

  it('counts what lies beyond the hundredth fault, and stays quick whatever is sent', () => {
    const unknown = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, 1]));
    const bodies = [
      order({ lines: Array.from({ length: 1_000 }, () => ({})) }),
      order(unknown),
      order({ metadata: unknown }),
      order({ lines: Array.from({ length: 200_000 }, () => ({})) }),
      order({ orderNumber: `${'x'.repeat(1_000_000)}\u0007`, note: `${'\n '.repeat(500_000)}\u0007` }),
      withLine({ unitPrice: '1'.repeat(1_000_000), quantity: '0'.repeat(1_000_000) }),
      withBuyer({ email: '@'.repeat(1_000_000) }),
    ];
    for (const body of bodies) {
      const before = process.cpuUsage();
      const faults = faultsOf(body);
      const { user } = process.cpuUsage(before);
      assert.ok(faults.length > 0 && faults.length <= MAX_FAULTS + 1);
      assert.ok(user < 3_000_000, `${user} µs`); // backtracking over a megabyte would take hours
    }
    assert.match(faultsOf(bodies[0]).at(-1)!.detail, /^2900 more faults/);
  });

  it('throws nothing but a ValidationError, whatever JSON it gets', () => {
    fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 6 }), (body) => void faultsOf(body)));
    const anything = fc.jsonValue({ noUnicodeString: false });
    const field = fc.constantFrom(...Object.keys(placeOrderSchema.shape), 'toString', '__proto__');
    fc.assert(
      fc.property(fc.dictionary(field, anything), fc.dictionary(fc.string({ unit: 'binary' }), anything), (known, other) => {
        const body: unknown = JSON.parse(JSON.stringify({ ...order(), ...known, ...other }));
        faultsOf(body);
        faultsOf(order({ lines: [body], metadata: body, buyer: body, shipTo: body }));
      }),
    );
  });

  it('is described to partners as JSON Schema, limits included', () => {
    const schema = z.toJSONSchema(placeOrderSchema, { io: 'input' }) as any;
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(schema.required, ['orderNumber', 'currency', 'buyer', 'shipTo', 'lines']);
    assert.equal(schema.properties.lines.maxItems, 1_000);
    assert.deepEqual(schema.properties.lines.items.required, ['sku', 'quantity', 'unitPrice']);
  });
});
