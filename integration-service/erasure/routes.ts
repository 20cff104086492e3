import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { identifier } from '@sagahub/contracts/api/formats.ts';
import { operatorReason } from '@sagahub/contracts/api/reason.ts';
import { JSON_BODY, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { z } from 'zod';
import type { openErasures } from './erasures.ts';

const erasureRequest = z
  .strictObject({
    partnerId: identifier(),
    buyerId: identifier().meta({ description: 'The `buyer.id` of the orders and `payer.id` of the payments.' }),
    reason: operatorReason,
  })
  .meta({ id: 'ErasureRequest' });

const erasureView = z
  .object({
    partnerId: z.string(),
    subject: z.string().describe('stands for the person in the history; the same for every erasure of that person'),
    keys: z.int().nonnegative().describe('how many keys were destroyed; 0: nothing was held, so look whether both ids are right'),
    erasedAt: z.iso.datetime(),
  })
  .meta({ id: 'Erasure' });

/** `/api/v1/admin/erasures` */
export const erasureRoutes = (erase: Awaited<ReturnType<typeof openErasures>>): readonly Route[] => [
  {
    method: 'POST',
    path: '/api/v1/admin/erasures',
    scopes: ['admin'],
    body: JSON_BODY,
    repeatable: true,
    handle: async (request) => {
      const command = parseOrFault(erasureRequest, request.body);
      const { correlationId, traceparent } = request;
      const by = `client:${principalOf(request).clientId}`;
      return { status: 200, body: await erase({ ...command, by, correlationId, traceparent }) };
    },
    operation: {
      operationId: 'erasePerson',
      summary: "Erase a person's personal data for good",
      description:
        'Destroys the key under which name, e-mail, tax id, ship-to and note of every order of this buyer are sealed, and name, e-mail and ' +
        'token of every payment with this payer. It cannot be undone. The orders and payments and their proofs stay; they show `erased` ' +
        'instead, and what still goes to the ERP goes without personal data.',
      tag: 'Personal data',
      requestSchema: erasureRequest,
      requestExample: { partnerId: 'demo', buyerId: 'C-1001', reason: 'request of the data subject, ticket 4711' },
      responses: { 200: { description: 'Erased, and recorded in the history', schema: erasureView } },
    },
  },
];
