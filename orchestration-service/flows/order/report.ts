import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { AttemptRound, CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import type { ErpStep, OrderState } from './state.ts';
import { ERP_CANCEL } from './steps.ts';

type Call = Pick<ExternalCall, 'step' | 'operation' | 'attempt'>;

/** The events that state what came of a call. Empty when it is recorded already, or when a later attempt made it meaningless. */
export const reportEvents = (state: OrderState, call: Call, report: CallReport): readonly OrderEvent[] => {
  if (state.status === 'none' || !state.order.erp) return [];
  return call.operation === 'submit'
    ? submitReported(state, state.order.erp, call, report)
    : cancelReported(state, state.order.erp, call, report);
};

const submitReported = (state: OrderState, erp: ErpStep, { attempt }: Call, report: CallReport): readonly OrderEvent[] => {
  if (report.kind === 'succeeded') {
    const { reference: erpRef, alreadyThere } = report;
    const known = erp.effects.some((effect) => effect.erpRef === erpRef && effect.reported);
    return known ? [] : [{ type: 'OrderSentToErp', data: { erpRef, attempt, alreadyThere } }];
  }
  if (attempt <= erp.answered) return [];
  switch (report.kind) {
    case 'started': {
      // Starting is no fact but a decision: it needs an order that still wants this attempt.
      const wanted = state.status === 'submitting' && erp.attempt === attempt && erp.doubt?.attempt !== attempt;
      return wanted ? [{ type: 'ErpAttemptStarted', data: { attempt } }] : [];
    }
    case 'refused':
      return [{ type: 'ErpSubmissionRefused', data: { attempt, ...reasonOf(report) } }];
    case 'failed': {
      const nextAt = new Date(report.nextAtMs).toISOString();
      return [
        { type: 'ErpAttemptFailed', data: { attempt, certainty: report.certainty, ...reasonOf(report), nextAt, ...roundOf(report) } },
      ];
    }
    case 'exhausted': {
      // Nobody has to decide about a submission that is not wanted any more: its cancellation settles what it may have done.
      if (state.status !== 'submitting') return [];
      const { deadLetterId, inDoubt } = report;
      return [{ type: 'ErpSubmissionFailed', data: { deadLetterId, attempts: attempt, ...reasonOf(report), inDoubt } }];
    }
    default:
      return [];
  }
};

const cancelReported = (state: OrderState, erp: ErpStep, { attempt }: Call, report: CallReport): readonly OrderEvent[] => {
  if (report.kind === 'cancelled') {
    const { reference: erpRef } = report;
    const known = erp.effects.some((effect) => effect.erpRef === erpRef && !effect.live);
    return known ? [] : [{ type: 'ErpOrderCancelled', data: { erpRef, proof: 'cancelled' } }];
  }
  if (state.status !== 'compensating' || !state.cancellation || attempt !== erp.cancelAttempt) return [];
  switch (report.kind) {
    case 'absent': {
      const { erpRef } = state.cancellation;
      return [{ type: 'ErpOrderCancelled', data: { ...(erpRef !== undefined && { erpRef }), proof: 'absent' } }];
    }
    case 'failed': {
      const nextAt = new Date(report.nextAtMs).toISOString();
      return [{ type: 'ErpCancellationAttemptFailed', data: { attempt, ...reasonOf(report), nextAt, ...roundOf(report) } }];
    }
    case 'refused':
    case 'exhausted':
      return [{ type: 'CompensationFailed', data: { step: ERP_CANCEL, reason: report.reason } }];
    default:
      return [];
  }
};

const roundOf = ({ round }: { readonly round?: AttemptRound }) => ({ ...(round && { round }) });

const reasonOf = ({ reason, status }: { readonly reason: string; readonly status?: number }) => ({
  reason,
  ...(status !== undefined && { status }),
});
