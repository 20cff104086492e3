import type { AnsweredBy, PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { CallReport } from '@sagahub/contracts/saga.ts';
import { effectOf } from '../effect/effect.ts';
import { type Call, type EffectEvents, reportEvents as effectReportEvents } from '../effect/report.ts';
import type { Known, PaymentState, ProcessorStep } from './state.ts';

/**
 * The events that state what came of a call of the processor, or what it told in a callback (`detail.answeredBy`): the two meet here, and
 * whichever is second finds itself recorded.
 */
export const reportEvents = (state: PaymentState, call: Call, report: CallReport): readonly PaymentEvent[] => {
  if (state.status === 'none' || !state.payment.processor) return [];
  const { processor: effect } = state.payment;
  if (call.operation === 'submit') {
    if (report.kind === 'pending') return pendingReported(state, effect, call, report);
    if (report.kind === 'refused' && isDecided(state, effect)) return [];
  }
  // A decline answers the payment, whichever attempt brought it.
  const answers = report.kind === 'refused' && call.operation === 'submit' ? { ...call, attempt: effect.answered + 1 } : call;
  const cancellation = state.status === 'reversing' ? state.cancellation : undefined;
  return effectReportEvents({ effect, wantsSubmit: state.status === 'authorizing', cancellation }, answers, report, eventsOf(state, call));
};

const isDecided = (state: Known, { settled, effects }: ProcessorStep): boolean =>
  settled || state.status === 'approved' || state.status === 'ended' || effects.some(({ reported }) => reported);

const pendingReported = (
  state: Known,
  effect: ProcessorStep,
  { attempt }: Call,
  { reference, nextAtMs }: Extract<CallReport, { kind: 'pending' }>,
): readonly PaymentEvent[] => {
  const isNews =
    reference === undefined
      ? state.status === 'authorizing' && attempt === effect.attempt && effect.doubt?.attempt !== attempt
      : effectOf(effect, reference) === undefined && !effect.declinedRefs.includes(reference);
  if (!isNews) return [];
  const nextAt = new Date(nextAtMs).toISOString();
  return [{ type: 'AuthorizationPending', data: { attempt, ...(reference !== undefined && { processorRef: reference }), nextAt } }];
};

const eventsOf = (state: Known, { attempt: answered }: Call): EffectEvents<PaymentEvent> => {
  const late = state.status === 'authorizing' || state.status === 'stuck' ? {} : ({ tooLate: true } as const);
  return {
    started: (data) => ({ type: 'AuthorizationAttemptStarted', data }),
    succeeded: ({ reference, attempt, detail }) => ({
      type: 'PaymentApproved',
      data: { processorRef: reference, attempt, answeredBy: answeredByOf(detail), ...late },
    }),
    refused: ({ detail, ...data }) => ({
      type: 'PaymentDeclined',
      data: { ...data, attempt: answered, answeredBy: answeredByOf(detail), ...late },
    }),
    failed: (data) => ({ type: 'AuthorizationAttemptFailed', data }),
    exhausted: (data) => ({ type: 'AuthorizationFailed', data }),
    cancelled: ({ reference, proof }) => ({
      type: 'PaymentReversed',
      data: { ...(reference !== undefined && { processorRef: reference }), proof },
    }),
    cancelFailed: (data) => ({ type: 'ReversalAttemptFailed', data }),
    halted: (data) => ({ type: 'CompensationFailed', data }),
  };
};

const answeredByOf = (detail: { readonly [key: string]: unknown } | undefined): AnsweredBy =>
  detail?.['answeredBy'] === 'callback' ? 'callback' : 'call';
