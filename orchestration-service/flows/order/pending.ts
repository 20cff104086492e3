import type { PendingStep } from '@sagahub/contracts/saga.ts';
import { cancelRow, operatorRow, submitRow } from '../effect/rows.ts';
import { isErpUndone, type Compensating, type OrderState, type Submitting } from './state.ts';
import { ADVANCE, ERP_CANCEL, ERP_DEADLINE, ERP_OVERDUE, ERP_SUBMIT, ORDER_QUEUE } from './steps.ts';

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
      return [operatorRow(ERP_SUBMIT, state.order.erp.answered, state.sinceMs)];
    case 'surplus':
      return [operatorRow('erp-surplus', 1, state.sinceMs)];
    case 'halted':
      return [operatorRow(ERP_CANCEL, state.order.erp?.cancelAttempt ?? 1, state.sinceMs)];
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
  const { overdueAfterMs, deadlineMs } = order.erp;
  const submit = submitRow(ERP_SUBMIT, order.erp, nextAtMs, sinceMs);
  const clock = { queue: ORDER_QUEUE, attempt: state.firstOfRound, sinceMs };
  const deadline = { ...clock, step: ERP_DEADLINE, dueAtMs: sinceMs + deadlineMs };
  if (state.overdueFlagged) return [submit, deadline];
  return [submit, { ...clock, step: ERP_OVERDUE, dueAtMs: sinceMs + overdueAfterMs }, deadline];
};

const compensation = ({ order, end, sinceMs, cancellation }: Compensating): readonly PendingStep[] => {
  if (!order.erp || !cancellation || isErpUndone(order, end)) return [advance(BACKWARD, sinceMs)];
  return [cancelRow(ERP_CANCEL, order.erp, cancellation)];
};
