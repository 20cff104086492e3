import { causeOf } from '@sagahub/contracts/causes.ts';
import { ORDER, type OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { AlertFace } from './face.ts';
import { surplusOf } from './order-surplus.ts';

export const orderAlerts: AlertFace = {
  flow: ORDER,
  path: '/api/v1/orders',
  aboutOf: (event) => {
    const body = event as unknown as OrderEvent;
    if (body.type === 'ErpOverdueFlagged') return { what: 'overdue', cause: 'erp-overdue', reason: `asked at ${body.data.requestedAt}` };
    if (body.type !== 'ErpSubmissionFailed') return undefined;
    const { reason, status, deadLetterId } = body.data;
    return { what: 'stuck', cause: `erp:${causeOf({ reason, status })}`, reason, deadLetterId };
  },
  /** The ERP has a completed order twice. */
  lookBack: async (store, event, next) => {
    const erpRef = await surplusOf(store, event, next);
    return erpRef === undefined
      ? undefined
      : { what: 'stuck', cause: 'surplus:surplus', reason: `the ERP has it twice, also as ${erpRef}` };
  },
};
