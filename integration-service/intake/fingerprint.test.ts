import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { validatePlaceOrder } from '@sagahub/contracts/api/orders.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import fc from 'fast-check';
import { postedOrder } from '../testing/orders.ts';
import { openFingerprint } from './fingerprint.ts';

const keysWith = (secret: Uint8Array) => ({ createSecret: () => Promise.resolve(secret) }) as unknown as KeyStore;

const text = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
const amount = fc.integer({ min: 1, max: 1_000_000 });
const posted = fc.record(
  {
    orderNumber: text,
    orderedAt: fc.constantFrom('2026-11-20T10:00:00Z', '2026-11-20T10:00:00.5+01:00'),
    currency: fc.constantFrom('EUR', 'JPY'),
    buyer: fc.record({ id: text, name: text, email: fc.constant('a@b.example'), taxId: text }, { requiredKeys: ['id', 'name'] }),
    shipTo: fc.record({ name: text, city: text, country: fc.constantFrom('FR', 'DE') }, { requiredKeys: ['country'] }),
    lines: fc.array(
      fc.record(
        { sku: text, quantity: amount, unitPrice: amount.map(String), unit: text },
        { requiredKeys: ['sku', 'quantity', 'unitPrice'] },
      ),
      { minLength: 1, maxLength: 5 },
    ),
    discountCode: text,
    note: text,
    metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), text, { maxKeys: 5 }),
  },
  { requiredKeys: ['orderNumber', 'currency', 'buyer', 'shipTo', 'lines'] },
);

/** The same value with the members of every object in the opposite order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
};

describe('fingerprint of an order', () => {
  let of: (body: unknown) => string;
  before(async () => {
    const fingerprint = await openFingerprint(keysWith(randomBytes(32)));
    of = (body) => fingerprint(validatePlaceOrder(body));
  });

  it('does not depend on the order of members', () => {
    fc.assert(fc.property(posted, (body) => assert.equal(of(reversed(body)), of(body))));
  });

  it('does not depend on whether line numbers are given or follow from the place', () => {
    fc.assert(
      fc.property(posted, (body) => {
        const numbered = { ...body, lines: body.lines.map((line, place) => ({ ...line, lineNumber: place + 1 })) };
        assert.equal(of(numbered), of(body));
      }),
    );
  });

  it('does not depend on whether a whole quantity is a number or a string', () => {
    fc.assert(
      fc.property(posted, (body) => {
        const asStrings = { ...body, lines: body.lines.map((line) => ({ ...line, quantity: String(line.quantity) })) };
        assert.equal(of(asStrings), of(body));
      }),
    );
  });

  it('differs between any two orders that ask for something else', () => {
    fc.assert(
      fc.property(posted, posted, (one, other) => {
        const same = isDeepStrictEqual(validatePlaceOrder(one), validatePlaceOrder(other));
        assert.equal(of(one) === of(other), same);
      }),
    );
    const variants = [
      postedOrder(),
      postedOrder('PO-2'),
      postedOrder('PO-1', { note: 'front door' }),
      postedOrder('PO-1', { note: undefined }),
      postedOrder('PO-1', { metadata: {} }),
      postedOrder('PO-1', { lines: postedOrder().lines.toReversed() }),
      postedOrder('PO-1', { lines: [{ sku: 'SKU-1', quantity: '2.0', unitPrice: '9.75' }] }),
      postedOrder('PO-1', { lines: [{ sku: 'SKU-1', quantity: '2', unitPrice: '9.75' }] }),
    ].map((body) => JSON.parse(JSON.stringify(body)) as unknown);
    assert.equal(new Set(variants.map(of)).size, variants.length);
  });

  it('is another in another installation, so that it cannot be guessed', async () => {
    const elsewhere = await openFingerprint(keysWith(randomBytes(32)));
    assert.notEqual(elsewhere(validatePlaceOrder(postedOrder())), of(postedOrder()));
    assert.match(of(postedOrder()), /^[\da-f]{64}$/);
  });
});
