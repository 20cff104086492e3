import { IDEMPOTENCY_KEY_HEADER, PREFER_WAIT_HEADER } from '@sagahub/contracts/api/headers.ts';
import {
  cancellationAcceptedSchema,
  cancelOrderSchema,
  orderAcceptedSchema,
  orderResubmittedSchema,
  placeOrderSchema,
} from '@sagahub/contracts/api/orders.ts';
import { PROBLEM_MEDIA_TYPE, problemSchema } from '@sagahub/contracts/api/problem.ts';
import { JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import type { orderHandlers } from './handlers.ts';
import { openOrderLinks, orderLinks, ORDERS_PATH } from './kind.ts';

const problem = (description: string) => ({ description, schema: problemSchema, mediaType: PROBLEM_MEDIA_TYPE });
const BROKEN_BODY = problem('Malformed JSON, or a header of the wrong form');
const NOT_FOUND = problem('No such order, or not yours');
const TAG = 'Orders';

const HEADERS = { ...IDEMPOTENCY_KEY_HEADER, ...PREFER_WAIT_HEADER };

/** An order that can be posted as it stands. */
const EXAMPLE = {
  orderNumber: 'PO-10045',
  orderedAt: '2026-11-20T10:00:00Z',
  currency: 'EUR',
  buyer: { id: 'C-1001', name: 'Ada Keller', email: 'ada@example.test', taxId: 'FR12345678' },
  shipTo: { name: 'Ada Keller', street: '12 Harbour Road', city: 'Lyon', postalCode: '69002', country: 'FR' },
  lines: [{ lineNumber: 1, sku: 'SKU-00042', description: 'Ball bearing 6204-2RS', quantity: '3', unit: 'EA', unitPrice: '19.90' }],
  requestedDeliveryDate: '2026-12-01',
  note: 'rear loading bay',
  metadata: { channel: 'edi' },
};

const ACCEPTED_ID = '5f0c5e0c-7a3e-5b0c-9d0e-2f6a1b3c4d5e';
const ACCEPTED = {
  orderId: ACCEPTED_ID,
  orderNumber: EXAMPLE.orderNumber,
  status: 'received',
  links: openOrderLinks(ACCEPTED_ID),
};
const RESUBMITTED_ID = '9a4be0a2-1f64-5c3b-8f2e-6f3d1c2b4a59';
const RESUBMITTED = {
  ...ACCEPTED,
  orderId: RESUBMITTED_ID,
  resubmissionOf: ACCEPTED_ID,
  links: { ...openOrderLinks(RESUBMITTED_ID), resubmissionOf: ACCEPTED.links.self },
};

export const orderRoutes = (handlers: ReturnType<typeof orderHandlers>): readonly Route[] => [
  {
    method: 'POST',
    path: ORDERS_PATH,
    scopes: ['orders:write'],
    intake: true,
    body: JSON_BODY,
    repeatable: true,
    handle: handlers.place,
    operation: {
      operationId: 'placeOrder',
      summary: 'Place an order',
      description:
        'Answered after the order is on disk. Repeating it gives the same answer, byte for byte, with `Idempotent-Replayed: true`; the same order number with other content is refused.',
      tag: TAG,
      requestSchema: placeOrderSchema,
      requestExample: EXAMPLE,
      headers: HEADERS,
      responses: {
        200: {
          description: 'You preferred to wait, and this is what the order came to',
          schema: orderAcceptedSchema,
          example: { ...ACCEPTED, status: 'completed', links: orderLinks(ACCEPTED_ID) },
        },
        202: { description: 'Accepted, now or before; follow `Location`', schema: orderAcceptedSchema, example: ACCEPTED },
        400: BROKEN_BODY,
        422: problem('Every invalid field with its JSON pointer; or an order number or Idempotency-Key used before for something else'),
      },
    },
  },
  {
    method: 'POST',
    path: `${ORDERS_PATH}/:orderId/cancel`,
    scopes: ['orders:write'],
    body: { ...JSON_BODY, optional: true },
    repeatable: true,
    handle: handlers.cancel,
    operation: {
      operationId: 'cancelOrder',
      summary: 'Cancel an order',
      description: 'What was reserved or delivered is undone. Possible until the order is completed; repeating it changes nothing.',
      tag: TAG,
      requestSchema: cancelOrderSchema,
      requestExample: { reason: 'ordered twice' },
      responses: {
        202: {
          description: 'Cancelled, or being undone',
          schema: cancellationAcceptedSchema,
          example: { orderId: ACCEPTED_ID, status: 'compensating', links: orderLinks(ACCEPTED_ID) },
        },
        400: BROKEN_BODY,
        404: NOT_FOUND,
        409: problem('The order can no longer be cancelled'),
        422: problem('An invalid body'),
      },
    },
  },
  {
    method: 'POST',
    path: `${ORDERS_PATH}/:orderId/resubmit`,
    scopes: ['orders:write'],
    intake: true,
    body: JSON_BODY,
    repeatable: true,
    handle: handlers.resubmit,
    operation: {
      operationId: 'resubmitOrder',
      summary: 'Resubmit an ended order',
      description:
        'The whole order again, possibly changed, under the same number and a new id. Once per order that was rejected or cancelled and fully undone; repeating it gives the same answer.',
      tag: TAG,
      requestSchema: placeOrderSchema,
      requestExample: EXAMPLE,
      headers: HEADERS,
      responses: {
        200: { description: 'You preferred to wait, and this is what the new order came to', schema: orderResubmittedSchema },
        202: {
          description: 'Accepted, now or before, as a new order; follow `Location`',
          schema: orderResubmittedSchema,
          example: RESUBMITTED,
        },
        400: BROKEN_BODY,
        404: NOT_FOUND,
        409: problem('The order has not ended, was completed, or could not be undone completely'),
        422: problem('Every invalid field; another order number; or resubmitted before with other content'),
      },
    },
  },
];
