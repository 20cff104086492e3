import { orderBody } from './orders.ts';

/** What a generator sends. */
export interface Work {
  readonly path: string;
  /** @param name the partner's own */
  readonly bodyOf: (name: string, n: number) => string;
  /** Types of the events that begin and end what goes well. */
  readonly received: string;
  readonly ended: string;
  /** Member of the first that has the name. */
  readonly nameIn: string;
}

export const ORDERS: Work = {
  path: '/api/v1/orders',
  bodyOf: orderBody,
  received: 'OrderReceived',
  ended: 'OrderCompleted',
  nameIn: 'orderNumber',
};

/** One in ten of a new payer. */
export const PAYMENTS: Work = {
  path: '/api/v1/payments',
  bodyOf: (paymentReference, n) =>
    JSON.stringify({
      paymentReference,
      amount: `${1 + (n % 900)}.${10 + (n % 90)}`,
      currency: 'EUR',
      orderNumber: `PO-${n}`,
      method: { type: 'card', token: `tok_bench-${n % 1_000}` },
      payer: { id: `C-${n % 10 === 0 ? `new-${n}` : n % 1_000}`, name: 'Ada Keller', email: 'ada@example.test' },
      metadata: { channel: 'shop' },
    }),
  received: 'PaymentReceived',
  ended: 'PaymentApproved',
  nameIn: 'paymentReference',
};
