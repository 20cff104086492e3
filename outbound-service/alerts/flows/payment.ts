import { causeOf } from '@sagahub/contracts/causes.ts';
import { PAYMENT, type PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { AlertFace } from './face.ts';

export const paymentAlerts: AlertFace = {
  flow: PAYMENT,
  path: '/api/v1/payments',
  aboutOf: (event) => {
    const body = event as unknown as PaymentEvent;
    if (body.type === 'AuthorizationOverdueFlagged')
      return { what: 'overdue', cause: 'processor-overdue', reason: `asked at ${body.data.requestedAt}` };
    if (body.type !== 'AuthorizationFailed') return undefined;
    const { reason, status, deadLetterId } = body.data;
    return { what: 'stuck', cause: `processor:${causeOf({ reason, status })}`, reason, deadLetterId };
  },
};
