import { type PlaceOrder, validatePlaceOrder } from '@sagahub/contracts/api/orders.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import type { Entry } from '../intake/entry.ts';

/** An order as posted: two lines, 24.50 in all. */
export const postedOrder = (orderNumber = 'PO-1', changes: object = {}) => ({
  orderNumber,
  currency: 'EUR',
  buyer: { id: 'C-1', name: 'Ada Keller', email: 'ada@example.test' },
  shipTo: { city: 'Lyon', country: 'FR' },
  lines: [
    { sku: 'SKU-1', quantity: 2, unitPrice: '9.75' },
    { sku: 'SKU-2', quantity: '1', unitPrice: '5' },
  ],
  note: 'rear loading bay',
  ...changes,
});

export const validOrder = (orderNumber?: string, changes?: object): PlaceOrder => validatePlaceOrder(postedOrder(orderNumber, changes));

let partners = 0;
/** One nobody has had orders of yet. */
export const newPartner = (): Principal => {
  partners += 1;
  return { clientId: `client-${partners}`, partnerId: `partner-${partners}`, scopes: new Set(['orders:write']), rateLimitPerMinute: 0 };
};

export const entryOf = (principal: Entry['principal'], idempotencyKey?: string): Entry => ({
  principal,
  idempotencyKey,
  correlationId: 'flow-1',
  traceparent: undefined,
  channel: 'http',
});
