import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { Known } from './transitions.ts';

/** @throws ConflictError the dead letter is not (or no longer) what the order waits for */
export const assertCurrent = (state: Known, deadLetterId: string): void => {
  if (state.status === 'stuck' && state.deadLetterId === deadLetterId) return;
  const why = 'compensation' in state || state.status === 'completed' ? 'order ended' : 'the order has moved on';
  throw new ConflictError('HUB_DEAD_LETTER_RESOLVED', `skipped: ${why}`, { deadLetterId });
};

export const orderCompleted = (what: string) => new ConflictError('HUB_ORDER_COMPLETED', `the order is completed and ${what}`);
export const orderEnded = (what: string) => new ConflictError('HUB_ORDER_ENDED', `the order ${what}`);
export const notHalted = () => new ConflictError('HUB_COMPENSATION_NOT_HALTED', 'the order has no compensation that failed');
