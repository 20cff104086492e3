import { INBOUND, INBOUND_QUEUE, SUBMIT, type InboundEvent } from '@sagahub/contracts/messages/inbound.ts';
import { type Flow, type SagaEvent, WITHOUT_SAGA } from '@sagahub/contracts/saga.ts';
import { decideCommand } from './commands.ts';
import { inboundDeadLetters } from './dead-letters.ts';
import type { InboundState } from './state.ts';

/**
 * A message that did not become an order.
 *
 * | state | event | then |
 * |---|---|---|
 * | none, accepted, discarded | it was refused: `InboundParked` | parked, until an operator acts |
 * | parked | `InboundRedriven` | submitting: the integration service hands it in again |
 * | parked | `InboundDiscarded` | discarded |
 * | submitting | `InboundAccepted` | accepted |
 * | submitting | `InboundRefused` | parked |
 */
export const inboundFlow: Flow<InboundState> = {
  name: INBOUND,
  initialState: { status: 'none' },
  evolve,
  // It has no saga: what happens to it, operators and the integration service decide.
  ...WITHOUT_SAGA,
  pending: (state) =>
    state.status === 'submitting'
      ? [{ step: SUBMIT, queue: INBOUND_QUEUE, attempt: state.attempt, dueAtMs: state.sinceMs, sinceMs: state.sinceMs }]
      : [],
  stateName: ({ status }) => status,
  command: decideCommand,
  deadLetters: inboundDeadLetters,
};

function evolve(state: InboundState, event: SagaEvent): InboundState {
  const { type, data } = event as unknown as InboundEvent;
  switch (type) {
    case 'InboundParked':
      return { status: 'parked', attempt: 1 + ('attempt' in state ? state.attempt : 0), truncated: data.truncated === true };
    case 'InboundRedriven':
      return state.status === 'parked' ? { status: 'submitting', attempt: state.attempt, sinceMs: Date.parse(event.time) } : state;
    case 'InboundRefused':
      return state.status === 'submitting' ? { status: 'parked', attempt: state.attempt + 1, truncated: false } : state;
    case 'InboundAccepted':
      return { status: 'accepted', attempt: 'attempt' in state ? state.attempt : 0, orderId: data.orderId };
    case 'InboundDiscarded':
      return { status: 'discarded', attempt: 'attempt' in state ? state.attempt : 0 };
    default:
      return state;
  }
}
