import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { EventBody } from '@sagahub/contracts/events.ts';
import type { EventRefused, RefusalRedriven } from '@sagahub/contracts/messages/consumer.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import type { RefusalState } from './state.ts';

type Said = RefusalRedriven['data'];
export type RefusalCommand =
  /** Its consumer refused it once more. */
  | { readonly type: 'Refuse'; readonly refused: EventRefused['data'] }
  | ({ readonly type: 'Redrive' | 'Discard' } & Said)
  /** What came of sending it again. */
  | { readonly type: 'Sent'; readonly attempt: number }
  | { readonly type: 'Fail'; readonly attempt: number; readonly reason: string };

/** @throws ConflictError the state does not allow it; NotFoundError */
export const decideCommand = (state: RefusalState, command: Command): readonly EventBody<string, any>[] => {
  if (state.status === 'none') throw new NotFoundError('the refused event');
  const wanted = command as unknown as RefusalCommand;
  switch (wanted.type) {
    case 'Refuse':
      return state.status === 'refused' ? [] : [{ type: 'EventRefused', data: wanted.refused }];
    case 'Redrive':
      if (state.status === 'sending') return [];
      if (state.status !== 'refused') throw resolved(state);
      return [{ type: 'RefusalRedriven', data: saidOf(wanted) }];
    case 'Discard':
      if (state.status === 'discarded') return [];
      if (state.status !== 'refused') throw resolved(state);
      return [{ type: 'RefusalDiscarded', data: saidOf(wanted) }];
    case 'Sent':
      return isSending(state, wanted.attempt) ? [{ type: 'RefusalSent', data: { attempt: wanted.attempt } }] : [];
    case 'Fail': {
      const { attempt, reason } = wanted;
      return isSending(state, attempt) ? [{ type: 'RefusalFailed', data: { attempt, reason } }] : [];
    }
    default:
      throw new Error(`a refused event knows no command ${command.type}`);
  }
};

const saidOf = ({ by, reason, deadLetterId, redriveId }: Said): Said => ({
  by,
  reason,
  ...(deadLetterId !== undefined && { deadLetterId }),
  ...(redriveId !== undefined && { redriveId }),
});

const isSending = (state: RefusalState, attempt: number): boolean => state.status === 'sending' && state.attempt === attempt;

const resolved = ({ status }: RefusalState): ConflictError =>
  new ConflictError('HUB_DEAD_LETTER_RESOLVED', `skipped: it was ${status === 'discarded' ? 'discarded' : 'sent to the consumer again'}`);
