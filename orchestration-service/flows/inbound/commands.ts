import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { EventBody, SealedData } from '@sagahub/contracts/events.ts';
import type { InboundEvent, InboundParked, InboundProblem, InboundRedriven } from '@sagahub/contracts/messages/inbound.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import type { InboundState } from './state.ts';

type Said = InboundRedriven['data'];
export type InboundCommand =
  /** The same message came once more and was refused once more. */
  | { readonly type: 'Park'; readonly parked: InboundParked['data']; readonly sealed: SealedData }
  | ({ readonly type: 'Redrive' } & Said)
  | ({ readonly type: 'Discard' } & Said)
  /** What came of handing it in again. */
  | { readonly type: 'Accept'; readonly attempt: number; readonly orderId: string; readonly replayed: boolean }
  | { readonly type: 'Refuse'; readonly attempt: number; readonly problem: InboundProblem };

/** @throws ConflictError the state does not allow it; NotFoundError */
export const decideCommand = (state: InboundState, command: Command): readonly EventBody<string, any>[] => {
  if (state.status === 'none') throw new NotFoundError('the message');
  const wanted = command as unknown as InboundCommand;
  switch (wanted.type) {
    case 'Park':
      if (state.status === 'parked' || state.status === 'submitting') return [];
      return [{ type: 'InboundParked', data: wanted.parked, private: wanted.sealed }];
    case 'Redrive':
      if (state.status === 'submitting') return [];
      if (state.status !== 'parked') throw resolved(state);
      if (state.truncated)
        throw new ConflictError('HUB_INBOUND_TRUNCATED', 'skipped: only the beginning of the message was kept; have it sent again');
      return [event('InboundRedriven', saidOf(wanted))];
    case 'Discard':
      if (state.status === 'discarded') return [];
      if (state.status !== 'parked') throw resolved(state);
      return [event('InboundDiscarded', saidOf(wanted))];
    case 'Accept':
      if (!isSubmitting(state, wanted.attempt)) return [];
      return [event('InboundAccepted', { orderId: wanted.orderId, replayed: wanted.replayed })];
    case 'Refuse':
      if (!isSubmitting(state, wanted.attempt)) return [];
      return [event('InboundRefused', { problem: wanted.problem })];
    default:
      throw new Error(`a message knows no command ${command.type}`);
  }
};

const event = <Type extends InboundEvent['type']>(
  type: Type,
  data: Extract<InboundEvent, { type: Type }>['data'],
): EventBody<Type, any> => ({
  type,
  data,
});

const saidOf = ({ by, reason, deadLetterId, redriveId }: Said): Said => ({
  by,
  reason,
  ...(deadLetterId !== undefined && { deadLetterId }),
  ...(redriveId !== undefined && { redriveId }),
});

const isSubmitting = (state: InboundState, attempt: number): boolean => state.status === 'submitting' && state.attempt === attempt;

const resolved = (state: InboundState): ConflictError => {
  const why =
    state.status === 'accepted'
      ? `it became the order ${state.orderId}`
      : state.status === 'submitting'
        ? 'it is being handed in'
        : 'it was discarded';
  return new ConflictError('HUB_DEAD_LETTER_RESOLVED', `skipped: ${why}`);
};
