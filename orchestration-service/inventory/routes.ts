import { PROBLEM_MEDIA_TYPE, problemSchema } from '@sagahub/contracts/api/problem.ts';
import { longRoute } from '@sagahub/contracts/api/long-answer.ts';
import { holdsReport } from '@sagahub/contracts/api/operations-views.ts';
import { JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { z } from 'zod';
import { holdsDrift } from './drift.ts';
import { type InventoryPorts, inventoryHandlers } from './handlers.ts';
import { PAGE } from './requests.ts';
import {
  discountLoadedSchema,
  discountLoadSchema,
  discountSchema,
  discountTermsSchema,
  itemsOf,
  MAX_BODY_BYTES,
  MAX_ITEMS,
  pageOf,
  stockBalanceSchema,
  stockLevelSchema,
  stockLoadedSchema,
  stockLoadSchema,
} from './schemas.ts';

const TAG = 'Inventory';
const HOLDS = '/api/v1/admin/holds';
const STOCK = '/api/v1/admin/inventory';
const DISCOUNTS = '/api/v1/admin/discounts';

const problem = (description: string) => ({ description, schema: problemSchema, mediaType: PROBLEM_MEDIA_TYPE });
const FAULTY = {
  400: problem('Malformed JSON or CSV, or a header of the wrong form'),
  422: problem('Every invalid item with its JSON pointer'),
};
const STALE = { 412: problem('`If-Match` names another revision than the last') };
const UNKNOWN = { 404: problem('It was never loaded') };
const IF_MATCH = { 'If-Match': { description: 'ETag of the state you saw; `*`: only if it exists.', schema: z.string().optional() } };

/** Stock levels and discounts: loaded, listed, changed one by one. */
export const inventoryRoutes = (ports: InventoryPorts): readonly Route[] => {
  const handlers = inventoryHandlers(ports);
  const route = (method: Route['method'], path: string, handle: Route['handle'], operation: Omit<Route['operation'], 'tag'>): Route => ({
    method,
    path,
    scopes: ['admin'],
    handle,
    operation: { tag: TAG, ...operation },
  });
  const withBody = (described: Route, types: Route['body'] = JSON_BODY): Route => ({
    ...described,
    body: { ...types, maxBytes: MAX_BODY_BYTES },
  });
  return [
    withBody(
      route('PUT', STOCK, handlers.loadStock, {
        operationId: 'loadStock',
        summary: 'Load stock levels',
        description: `Up to ${MAX_ITEMS} SKUs; those not named stay as they are. \`available\` is what is free to sell from now on, beyond what orders hold. As \`text/csv\` with the header \`sku,available\` too. An interrupted load is simply repeated.`,
        requestSchema: stockLoadSchema,
        requestExample: { items: [{ sku: 'SKU-00042', available: '120' }] },
        textExample: 'sku,available\nSKU-00042,120\nSKU-00043,7.5\n',
        headers: IF_MATCH,
        responses: { 200: { description: 'Loaded, in the order sent', schema: itemsOf(stockLoadedSchema) }, ...FAULTY, ...STALE },
      }),
      { types: { 'application/json': 'json', 'text/csv': 'text' } },
    ),
    route('GET', STOCK, handlers.listStock, {
      operationId: 'listStock',
      summary: 'Stock by SKU',
      description: 'SKUs no level was ever set for are not counted, and not listed.',
      query: PAGE,
      responses: { 200: { description: 'A page', schema: pageOf(stockBalanceSchema) } },
    }),
    route('GET', `${STOCK}/:sku`, handlers.showStock, {
      operationId: 'showStock',
      summary: 'Stock of one SKU',
      responses: { 200: { description: 'Its balance, and the ETag of its last load', schema: stockBalanceSchema }, ...UNKNOWN },
    }),
    withBody(
      route('PUT', `${STOCK}/:sku`, handlers.setStock, {
        operationId: 'setStock',
        summary: 'Set the stock level of one SKU',
        requestSchema: stockLevelSchema,
        requestExample: { available: '120' },
        headers: IF_MATCH,
        responses: { 200: { description: 'Set', schema: stockLoadedSchema }, ...FAULTY, ...STALE },
      }),
    ),
    longRoute(
      {
        method: 'POST',
        path: `${HOLDS}/drift`,
        scopes: ['admin'],
        repeatable: true,
        operation: {
          operationId: 'checkHolds',
          summary: 'Compare stock and discounts with the log',
          description:
            'What is free, held and redeemed, against loads and orders. While orders flow, only what differs by the same amount three times in a row is told.',
          tag: TAG,
          responses: { 200: { description: 'What differs', schema: holdsReport } },
        },
      },
      (request) => holdsDrift(ports, request.signal),
    ),
    withBody(
      route('PUT', DISCOUNTS, handlers.loadDiscounts, {
        operationId: 'loadDiscounts',
        summary: 'Define discounts',
        description: 'Codes not named stay as they are. What orders have redeemed already is kept.',
        requestSchema: discountLoadSchema,
        requestExample: { items: [{ code: 'WELCOME10', percent: '10', validTo: '2027-01-01T00:00:00Z', maxRedemptions: 500 }] },
        headers: IF_MATCH,
        responses: { 200: { description: 'Defined, in the order sent', schema: itemsOf(discountLoadedSchema) }, ...FAULTY, ...STALE },
      }),
    ),
    route('GET', DISCOUNTS, handlers.listDiscounts, {
      operationId: 'listDiscounts',
      summary: 'Discounts by code',
      query: PAGE,
      responses: { 200: { description: 'A page', schema: pageOf(discountSchema) } },
    }),
    route('GET', `${DISCOUNTS}/:code`, handlers.showDiscount, {
      operationId: 'showDiscount',
      summary: 'One discount',
      responses: { 200: { description: 'The discount, with its ETag', schema: discountSchema }, ...UNKNOWN },
    }),
    withBody(
      route('PUT', `${DISCOUNTS}/:code`, handlers.setDiscount, {
        operationId: 'setDiscount',
        summary: 'Define one discount',
        requestSchema: discountTermsSchema,
        requestExample: { percent: '10', maxRedemptions: 500 },
        headers: IF_MATCH,
        responses: { 200: { description: 'Defined', schema: discountLoadedSchema }, ...FAULTY, ...STALE },
      }),
    ),
  ];
};
