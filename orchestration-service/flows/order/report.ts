import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { CallReport } from '@sagahub/contracts/saga.ts';
import { type Call, type EffectEvents, reportEvents as effectReportEvents } from '../effect/report.ts';
import type { OrderState } from './state.ts';

/** The events that state what came of a call of the ERP. */
export const reportEvents = (state: OrderState, call: Call, report: CallReport): readonly OrderEvent[] => {
  if (state.status === 'none' || !state.order.erp) return [];
  const cancellation = state.status === 'compensating' ? state.cancellation : undefined;
  return effectReportEvents({ effect: state.order.erp, wantsSubmit: state.status === 'submitting', cancellation }, call, report, EVENTS);
};

const EVENTS: EffectEvents<OrderEvent> = {
  started: (data) => ({ type: 'ErpAttemptStarted', data }),
  succeeded: ({ reference: erpRef, attempt, alreadyThere }) => ({ type: 'OrderSentToErp', data: { erpRef, attempt, alreadyThere } }),
  refused: ({ detail: _, ...data }) => ({ type: 'ErpSubmissionRefused', data }),
  failed: (data) => ({ type: 'ErpAttemptFailed', data }),
  exhausted: (data) => ({ type: 'ErpSubmissionFailed', data }),
  cancelled: ({ reference, proof }) => ({
    type: 'ErpOrderCancelled',
    data: { ...(reference !== undefined && { erpRef: reference }), proof },
  }),
  cancelFailed: (data) => ({ type: 'ErpCancellationAttemptFailed', data }),
  halted: (data) => ({ type: 'CompensationFailed', data }),
};
