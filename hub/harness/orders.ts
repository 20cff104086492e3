/** An order as a partner would post it, about 1 KB with 3 to 5 lines. */
export const anOrder = (orderNumber: string, changes: Readonly<Record<string, unknown>> = {}) => ({
  orderNumber,
  orderedAt: '2026-11-20T10:00:00Z',
  currency: 'EUR',
  buyer: { id: `C-${orderNumber.length}-${orderNumber.slice(-3)}`, name: 'Ada Keller', email: 'ada@example.test' },
  shipTo: { name: 'Ada Keller', street: '12 Harbour Road', city: 'Lyon', postalCode: '69002', country: 'FR' },
  lines: [
    { sku: 'SKU-00042', description: 'Ball bearing 6204-2RS', quantity: '3', unit: 'EA', unitPrice: '19.90' },
    { sku: 'SKU-00043', description: 'Shaft seal 20x47x7', quantity: '10', unit: 'EA', unitPrice: '2.35' },
    { sku: 'SKU-00044', description: 'Retaining ring DIN 472', quantity: 25, unit: 'EA', unitPrice: '0.18' },
  ],
  requestedDeliveryDate: '2026-12-01',
  note: 'rear loading bay',
  ...changes,
});

/** 3 × 19.90 + 10 × 2.35 + 25 × 0.18 */
export const AN_ORDERS_TOTAL = '87.70';
