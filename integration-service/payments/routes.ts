import { IDEMPOTENCY_KEY_HEADER, PREFER_WAIT_HEADER } from '@sagahub/contracts/api/headers.ts';
import {
  cancelPaymentSchema,
  paymentAcceptedSchema,
  paymentActAcceptedSchema,
  placePaymentSchema,
  refundPaymentSchema,
} from '@sagahub/contracts/api/payments.ts';
import { PROBLEM_MEDIA_TYPE, problemSchema } from '@sagahub/contracts/api/problem.ts';
import { JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { linksOf, openLinksOf } from '../intake/kind.ts';
import type { paymentHandlers } from './handlers.ts';
import { paymentKind } from './kind.ts';

const problem = (description: string) => ({ description, schema: problemSchema, mediaType: PROBLEM_MEDIA_TYPE });
const BROKEN_BODY = problem('Malformed JSON, or a header of the wrong form');
const NOT_FOUND = problem('No such payment, or not yours');
const INVALID_BODY = problem('An invalid body');
const TAG = 'Payments';
const PATH = paymentKind.path;

/** A payment that can be posted as it stands. */
const EXAMPLE = {
  paymentReference: 'PAY-10045',
  amount: '59.70',
  currency: 'EUR',
  orderNumber: 'PO-10045',
  method: { type: 'card', token: 'tok_9f8e7d6c' },
  payer: { id: 'C-1001', name: 'Ada Keller', email: 'ada@example.test' },
  metadata: { channel: 'shop' },
};
const ID = '0d5f3f0a-52a1-5b77-8c1e-6b0a9d2f4e31';
const acceptedIn = (status: 'pending' | 'approved') => ({
  paymentId: ID,
  paymentReference: EXAMPLE.paymentReference,
  status,
  links: openLinksOf(paymentKind, ID, status),
});
const actedOn = (status: 'cancelling' | 'refunding') => ({ paymentId: ID, status, links: linksOf(paymentKind, ID) });

/** `/api/v1/payments` */
export const paymentRoutes = (handlers: ReturnType<typeof paymentHandlers>): readonly Route[] => [
  {
    method: 'POST',
    path: PATH,
    scopes: ['payments:write'],
    intake: true,
    body: JSON_BODY,
    repeatable: true,
    handle: handlers.place,
    operation: {
      operationId: 'placePayment',
      summary: 'Post a payment',
      description:
        'Answered after the payment is on disk, before the processor is asked. Repeating it gives the same answer, byte for byte, with `Idempotent-Replayed: true`; the same reference with other content is refused. So is a body that holds anything like a card number, in any member or its name: 13 to 19 digits with the right check digit, spaces and hyphens ignored.',
      tag: TAG,
      requestSchema: placePaymentSchema,
      requestExample: EXAMPLE,
      headers: { ...IDEMPOTENCY_KEY_HEADER, ...PREFER_WAIT_HEADER },
      responses: {
        200: {
          description: 'You preferred to wait, and this is what the payment came to',
          schema: paymentAcceptedSchema,
          example: acceptedIn('approved'),
        },
        202: {
          description: 'Accepted, now or before; follow `Location`',
          schema: paymentAcceptedSchema,
          example: acceptedIn('pending'),
        },
        400: BROKEN_BODY,
        422: problem(
          'Every invalid field with its JSON pointer; where something looks like a card number, which is not repeated; or a reference or Idempotency-Key used before for something else',
        ),
      },
    },
  },
  {
    method: 'POST',
    path: `${PATH}/:paymentId/cancel`,
    scopes: ['payments:write'],
    body: { ...JSON_BODY, optional: true },
    repeatable: true,
    handle: handlers.cancel,
    operation: {
      operationId: 'cancelPayment',
      summary: 'Cancel a payment',
      description:
        'Possible until the processor has answered; what it may have taken on is taken back first. Repeating it changes nothing.',
      tag: TAG,
      requestSchema: cancelPaymentSchema,
      requestExample: { reason: 'the basket was abandoned' },
      responses: {
        202: { description: 'Cancelled, or being taken back', schema: paymentActAcceptedSchema, example: actedOn('cancelling') },
        400: BROKEN_BODY,
        404: NOT_FOUND,
        409: problem('The payment can no longer be cancelled; an approved one can be refunded'),
        422: INVALID_BODY,
      },
    },
  },
  {
    method: 'POST',
    path: `${PATH}/:paymentId/refund`,
    scopes: ['payments:write'],
    body: { ...JSON_BODY, optional: true },
    repeatable: true,
    handle: handlers.refund,
    operation: {
      operationId: 'refundPayment',
      summary: 'Refund a payment',
      description: 'The whole amount of an approved payment goes back. Repeating it changes nothing.',
      tag: TAG,
      requestSchema: refundPaymentSchema,
      requestExample: { reason: 'goods returned' },
      responses: {
        202: { description: 'Refunded, or being refunded', schema: paymentActAcceptedSchema, example: actedOn('refunding') },
        400: BROKEN_BODY,
        404: NOT_FOUND,
        409: problem('The payment is not approved'),
        422: INVALID_BODY,
      },
    },
  },
];
