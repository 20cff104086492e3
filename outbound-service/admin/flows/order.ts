import { operatorReason } from '@sagahub/contracts/api/reason.ts';
import { ORDER } from '@sagahub/contracts/messages/order.ts';
import { z } from 'zod';
import type { OperatorFace } from './face.ts';

const skipBody = z
  .strictObject({
    step: z.enum(['stock', 'discount', 'erp-cancel']).describe('`erp-cancel`: the order ends as `partial`, and tells what was not undone'),
    reason: operatorReason,
  })
  .meta({ id: 'SkipStep' });

const resolveBody = z
  .strictObject({
    erp: z.enum(['live', 'cancelled', 'absent']).describe('what you saw at the ERP: it has the order, has cancelled it, or never had it'),
    erpRef: z.string().min(1).max(255).optional().describe("the ERP's own reference; needed for `live`"),
    reason: operatorReason,
  })
  .meta({ id: 'ResolveByHand' });

export const orderOperators: OperatorFace = {
  flow: ORDER,
  path: '/api/v1/admin/orders',
  id: 'orderId',
  one: 'order',
  tag: 'Orders in trouble',
  viewId: 'OrderAct',
  retry: {
    operationId: 'retryOrder',
    summary: 'Try again what an order is stuck at',
    description: 'Another round of attempts at the ERP, of a step that kept failing, or of what could not be undone.',
    requestExample: { reason: 'the ERP is reachable again' },
  },
  compensate: {
    operationId: 'compensateOrder',
    summary: 'Give an order up, and undo what was done of it',
    description: 'It ends as rejected. What could not be undone before is tried again.',
    requestExample: { reason: 'the customer went elsewhere' },
  },
  acts: [
    {
      name: 'skip',
      command: 'SkipStep',
      operation: {
        operationId: 'skipOrderStep',
        summary: 'Go on without the step that an order is stuck at',
        description:
          'Without the stock reservation or the discount: what a failed try may have taken is given back. Or without cancelling at the ERP: ' +
          'the order ends as `partial`, and its `handover` lists exactly what was and was not undone.',
        requestSchema: skipBody,
        requestExample: { step: 'discount', reason: 'the code was withdrawn; agreed with the customer' },
      },
    },
    {
      name: 'resolve',
      command: 'ResolveByHand',
      operation: {
        operationId: 'resolveOrderByHand',
        summary: 'Tell what you saw at the ERP',
        description:
          '`live` with the reference: an order that is wanted completes, one that is being undone is cancelled there. `cancelled` or `absent`: ' +
          'undoing goes on; of an order that is stuck in doubt, the next attempt is made without another look-up.',
        requestSchema: resolveBody,
        requestExample: { erp: 'live', erpRef: 'SO-4711', reason: 'found by hand; the answer was lost' },
      },
    },
  ],
};
