/** What operators do about a payment by hand. Each says why, and is an event with who did it. */
import { ConflictError, ValidationError } from '@sagahub/contracts/errors.ts';
import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import { effectOf, unwantedEffect } from '../effect/effect.ts';
import type { Wanted } from './commands.ts';
import { notHalted, notResolvable } from './refusals.ts';
import type { Halted, Known } from './state.ts';

export const retry = (state: Known, { by, reason }: Wanted<'Retry'>): readonly PaymentEvent[] => {
  switch (state.status) {
    case 'stuck':
      return [{ type: 'AuthorizationRetried', data: { deadLetterId: state.deadLetterId, by, reason } }];
    case 'halted':
      return [{ type: 'CompensationRetried', data: { by, reason } }];
    default:
      throw new ConflictError(
        'HUB_NOTHING_TO_RETRY',
        'the payment is not stuck: it goes on by itself or has ended; it may have been retried meanwhile',
      );
  }
};

/** What the processor has and does not take back stays, and so the payment is approved: none ends otherwise with money taken. */
export const abandon = (state: Known, { by, reason }: Wanted<'Abandon'>): readonly PaymentEvent[] => {
  if (state.status !== 'halted') throw notHalted();
  const standing = state.payment.processor?.effects.find(({ live, reported }) => live && reported);
  if (!standing) throw notResolvable('what the processor has is not known; look there, and say what you saw');
  return stands(state, standing.reference, by, reason);
};

/** Recorded as the processor's own answer would be: one that is wanted is approved, one that is being reversed goes on with that. */
export const resolveByHand = (
  state: Known,
  { processor: is, processorRef, by, reason }: Wanted<'ResolveByHand'>,
): readonly PaymentEvent[] => {
  const { processor } = state.payment;
  if (!processor) throw notResolvable('nothing of it was to be sent to the processor yet');
  const resolved: PaymentEvent = {
    type: 'ResolvedByHand',
    data: { processor: is, ...(processorRef !== undefined && { processorRef }), by, reason },
  };
  if (is === 'live') {
    if (processorRef === undefined)
      throw new ValidationError([
        { pointer: '#/processorRef', code: 'required', detail: 'is required with live: the reference the payment has at the processor' },
      ]);
    const known = effectOf(processor, processorRef);
    if (state.status === 'halted' && known?.reported && known.live) return stands(state, processorRef, by, reason);
    if (state.status === 'approved') throw notResolvable('the payment is approved');
    if (known?.reported) throw notResolvable(`${processorRef} is known already`);
    const isLate = state.status !== 'authorizing' && state.status !== 'stuck';
    const attempt = Math.max(1, processor.attempt, processor.answered);
    return [
      resolved,
      { type: 'PaymentApproved', data: { processorRef, attempt, answeredBy: 'by-hand', ...(isLate && { tooLate: true as const }) } },
    ];
  }
  if (state.status === 'stuck') {
    if (is === 'absent') return [resolved];
    throw notResolvable('what was cancelled there is not made again by a redrive: compensate the payment');
  }
  if (state.status !== 'reversing' && state.status !== 'halted')
    throw notResolvable(`the payment is ${state.status === 'ended' ? state.end.kind : state.status}`);
  const unknownLeft = processorRef === undefined && processor.effects.some(({ live }) => live);
  if (unknownLeft) throw notResolvable(`name which of these is gone: ${processor.effects.map(({ reference }) => reference).join(', ')}`);
  return [resolved, { type: 'PaymentReversed', data: { ...(processorRef !== undefined && { processorRef }), proof: 'by-hand' } }];
};

const stands = ({ payment: { processor } }: Halted, processorRef: string, by: string, reason: string): readonly PaymentEvent[] => {
  const other = processor && unwantedEffect(processor, processorRef);
  if (other) throw notResolvable(`the processor has it twice: take back ${other.reference} there by hand, then say so`);
  const attempt = Math.max(1, processor?.answered ?? 1);
  return [
    { type: 'ResolvedByHand', data: { processor: 'live', processorRef, by, reason } },
    { type: 'PaymentApproved', data: { processorRef, attempt, answeredBy: 'by-hand' } },
  ];
};
