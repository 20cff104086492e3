/** A payment as posted. A payer of `null` is none. */
export const postedPayment = (
  paymentReference = 'PAY-1',
  { payer, ...changes }: { readonly payer?: object | null; readonly [field: string]: unknown } = {},
) => ({
  paymentReference,
  amount: '59.7',
  currency: 'EUR',
  orderNumber: 'PO-1',
  method: { type: 'card', token: 'tok_canary' },
  ...(payer !== null && { payer: payer ?? { id: 'C-1', name: 'Ada Keller', email: 'ada@example.test' } }),
  metadata: { channel: 'shop' },
  ...changes,
});
