import { REFUSAL, REFUSAL_QUEUE, type RefusalEvent, SEND } from '@sagahub/contracts/messages/consumer.ts';
import { type Flow, type SagaEvent, WITHOUT_SAGA } from '@sagahub/contracts/saga.ts';
import { decideCommand } from './commands.ts';
import { refusalDeadLetters } from './dead-letters.ts';
import type { RefusalState } from './state.ts';

/**
 * An event that a consumer refused as often as it may.
 *
 * | state | event | then |
 * |---|---|---|
 * | none, sent, sending, discarded | its consumer gave it up: `EventRefused` | refused, until an operator acts |
 * | refused | `RefusalRedriven` | sending: it is put into the consumer's queue, and no other |
 * | refused | `RefusalDiscarded` | discarded |
 * | sending | `RefusalSent` | sent |
 * | sending | `RefusalFailed` | refused |
 */
export const refusalFlow: Flow<RefusalState> = {
  name: REFUSAL,
  initialState: { status: 'none' },
  evolve,
  // It has no saga: what happens to it, operators and the consumer decide.
  ...WITHOUT_SAGA,
  pending: (state) =>
    state.status === 'sending'
      ? [{ step: SEND, queue: REFUSAL_QUEUE, attempt: state.attempt, dueAtMs: state.sinceMs, sinceMs: state.sinceMs }]
      : [],
  stateName: ({ status }) => status,
  command: decideCommand,
  deadLetters: refusalDeadLetters,
};

function evolve(state: RefusalState, event: SagaEvent): RefusalState {
  const { type, data } = event as unknown as RefusalEvent;
  if (type === 'EventRefused') {
    const { consumer, source } = data;
    return { status: 'refused', attempt: state.status === 'none' ? 1 : state.attempt + 1, event: { consumer, source } };
  }
  if (state.status === 'none') return state;
  switch (type) {
    case 'RefusalRedriven':
      return state.status === 'refused' ? { ...state, status: 'sending', sinceMs: Date.parse(event.time) } : state;
    case 'RefusalSent':
      return state.status === 'sending' ? { status: 'sent', attempt: state.attempt, event: state.event } : state;
    case 'RefusalFailed':
      return state.status === 'sending' ? { status: 'refused', attempt: state.attempt + 1, event: state.event } : state;
    case 'RefusalDiscarded':
      return { status: 'discarded', attempt: state.attempt, event: state.event };
    default:
      return state;
  }
}
