import { OPERATOR, OPERATOR_ACTS, type OperatorAct, type OperatorEvent } from '@sagahub/contracts/messages/operator.ts';
import type { Fold } from './projection.ts';

/** One document per act of an operator. */
export const operatorFold: Fold<OperatorAct> = {
  category: OPERATOR,
  collection: OPERATOR_ACTS,
  apply: (before, event) => {
    const { type, data } = event as unknown as OperatorEvent;
    const { time, correlationId } = event.metadata;
    if (type === 'OperatorActed') return { ...data, at: time, correlationId, outcome: 'unknown' };
    if (!before) throw new Error(`an act begins with OperatorActed, not with ${event.type}`);
    if (type !== 'OperatorActEnded') return before;
    const { actId: _actId, ...end } = data;
    return { ...before, ...end, endedAt: time };
  },
  ended: ({ outcome }) => outcome !== 'unknown',
};
