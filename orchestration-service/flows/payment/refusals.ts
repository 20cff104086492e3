import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { Known } from './state.ts';

/** @throws ConflictError the dead letter is not (or no longer) what the payment waits for */
export const assertCurrent = (state: Known, deadLetterId: string): void => {
  if (state.status === 'stuck' && state.deadLetterId === deadLetterId) return;
  const why = state.status === 'ended' || state.status === 'approved' ? 'payment ended' : 'the payment has moved on';
  throw new ConflictError('HUB_DEAD_LETTER_RESOLVED', `skipped: ${why}`, { deadLetterId });
};

export const paymentEnded = (was: string, so: string) => new ConflictError('HUB_PAYMENT_ENDED', `the payment ${was}; ${so}`);
export const notHalted = () => new ConflictError('HUB_COMPENSATION_NOT_HALTED', 'the payment has no reversal that failed');
export const notResolvable = (why: string): ConflictError => new ConflictError('HUB_NOT_RESOLVABLE', `it cannot be resolved so: ${why}`);
