import { NEVER, OPERATOR_QUEUE, type PendingStep } from '@sagahub/contracts/saga.ts';
import { isErpUndone, type Compensating, type OrderState, type Submitting } from './state.ts';
import { ADVANCE, ERP_CANCEL, ERP_DEADLINE, ERP_OVERDUE, ERP_SUBMIT, ORDER_QUEUE, outboundQueue } from './steps.ts';

/** Every order that has not ended has at least one row: nothing waits silently. */
export const pending = (state: OrderState): readonly PendingStep[] => {
  switch (state.status) {
    case 'received':
      return [advance(FORWARD, Date.parse(state.order.receivedAt))];
    case 'submitting':
      return submission(state);
    case 'sent':
      return [advance(FORWARD, state.sinceMs)];
    case 'compensating':
      return compensation(state);
    case 'stuck':
      return [operator(ERP_SUBMIT, state.order.erp.answered, state.sinceMs)];
    case 'surplus':
      return [operator('erp-surplus', 1, state.sinceMs)];
    case 'halted':
      return [operator(ERP_CANCEL, state.order.erp?.cancelAttempt ?? 1, state.sinceMs)];
  }
  state satisfies { readonly status: 'none' | 'completed' | 'rejected' | 'cancelled' };
  return [];
};

/** Two numbers, so that the lease of a step forward does not hold up the way back. */
const FORWARD = 1;
const BACKWARD = 2;
const advance = (attempt: number, sinceMs: number): PendingStep => ({
  step: ADVANCE,
  queue: ORDER_QUEUE,
  attempt,
  dueAtMs: sinceMs,
  sinceMs,
});

const submission = (state: Submitting): readonly PendingStep[] => {
  const { sinceMs, nextAtMs, order } = state;
  const { connector, attempt, overdueAfterMs, deadlineMs } = order.erp;
  const submit = { step: ERP_SUBMIT, queue: outboundQueue(connector), attempt, dueAtMs: nextAtMs, sinceMs };
  const clock = { queue: ORDER_QUEUE, attempt: state.firstOfRound, sinceMs };
  const deadline = { ...clock, step: ERP_DEADLINE, dueAtMs: sinceMs + deadlineMs };
  if (state.overdueFlagged) return [submit, deadline];
  return [submit, { ...clock, step: ERP_OVERDUE, dueAtMs: sinceMs + overdueAfterMs }, deadline];
};

const compensation = ({ order, end, sinceMs, cancellation }: Compensating): readonly PendingStep[] => {
  if (!order.erp || !cancellation || isErpUndone(order, end)) return [advance(BACKWARD, sinceMs)];
  const { connector, cancelAttempt } = order.erp;
  const { requestedAtMs, nextAtMs } = cancellation;
  return [{ step: ERP_CANCEL, queue: outboundQueue(connector), attempt: cancelAttempt, dueAtMs: nextAtMs, sinceMs: requestedAtMs }];
};

/** A step of its own name: a row that is there already would keep its far due time when the work goes on. */
const operator = (step: string, attempt: number, sinceMs: number): PendingStep => ({
  step: `operator:${step}`,
  queue: OPERATOR_QUEUE,
  attempt,
  dueAtMs: NEVER,
  sinceMs,
});
