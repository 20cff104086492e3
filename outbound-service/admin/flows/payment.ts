import { operatorReason } from '@sagahub/contracts/api/reason.ts';
import { PAYMENT } from '@sagahub/contracts/messages/payment.ts';
import { z } from 'zod';
import type { OperatorFace } from './face.ts';

const resolveBody = z
  .strictObject({
    processor: z
      .enum(['live', 'cancelled', 'absent'])
      .describe('what you saw at the processor: it holds the payment, has taken it back, or never had it'),
    processorRef: z.string().min(1).max(255).optional().describe("the processor's own reference; needed for `live`"),
    reason: operatorReason,
  })
  .meta({ id: 'ResolvePaymentByHand' });

export const paymentOperators: OperatorFace = {
  flow: PAYMENT,
  path: '/api/v1/admin/payments',
  id: 'paymentId',
  one: 'payment',
  tag: 'Payments in trouble',
  viewId: 'PaymentAct',
  retry: {
    operationId: 'retryPayment',
    summary: 'Try again what a payment is stuck at',
    description: 'Another round of attempts at the processor, of a step that kept failing, or of what could not be taken back.',
    requestExample: { reason: 'the processor is reachable again' },
  },
  compensate: {
    operationId: 'compensatePayment',
    summary: 'Give a payment up, and take back what the processor may have of it',
    description: 'It ends as cancelled. What could not be taken back before is tried again.',
    requestExample: { reason: 'the payer went elsewhere' },
  },
  acts: [
    {
      name: 'resolve',
      command: 'ResolveByHand',
      operation: {
        operationId: 'resolvePaymentByHand',
        summary: 'Tell what you saw at the processor',
        description:
          '`live` with the reference: a payment that is wanted is approved, one that is being taken back goes on with that reference, and one ' +
          'that cannot be taken back stands as approved. `cancelled` or `absent`: taking back goes on; of a payment that is stuck in doubt, the ' +
          'next attempt is made without another look-up.',
        requestSchema: resolveBody,
        requestExample: { processor: 'live', processorRef: 'T-4711', reason: 'found by hand; the answer was lost' },
      },
    },
  ],
};
