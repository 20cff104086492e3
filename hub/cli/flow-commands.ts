import type { WaitingView } from '@sagahub/contracts/api/object-views.ts';

/** What a summary of any flow's object says. */
export interface ObjectSummary {
  readonly partnerId: string;
  readonly status: string;
  readonly receivedAt: string;
  readonly waiting?: WaitingView | undefined;
  readonly health?: { readonly cause: string } | undefined;
}

/** How the command line calls a flow's objects: what its commands share is written once. */
export interface FlowCommands {
  /** `order`. */
  readonly one: string;
  readonly aOne: string;
  readonly many: string;
  /** `/api/v1/orders`. */
  readonly path: string;
  /** Of operators. */
  readonly adminPath: string;
  /** Member of answers with its id. */
  readonly id: string;
  /** Member, and parameter, with the partner's name of it, and what people call that. */
  readonly number: { readonly member: string; readonly name: string };
  /** Events behind which nothing more happens by itself. */
  readonly final: ReadonlySet<string>;
}

export const ORDERS: FlowCommands = {
  one: 'order',
  aOne: 'an order',
  many: 'orders',
  path: '/api/v1/orders',
  adminPath: '/api/v1/admin/orders',
  id: 'orderId',
  number: { member: 'orderNumber', name: 'number' },
  final: new Set(['OrderCompleted', 'OrderRejected', 'OrderCancelled']),
};

export const PAYMENTS: FlowCommands = {
  one: 'payment',
  aOne: 'a payment',
  many: 'payments',
  path: '/api/v1/payments',
  adminPath: '/api/v1/admin/payments',
  id: 'paymentId',
  number: { member: 'paymentReference', name: 'reference' },
  final: new Set(['PaymentApproved', 'PaymentDeclined', 'PaymentExpired', 'PaymentCancelled', 'PaymentRefunded']),
};
