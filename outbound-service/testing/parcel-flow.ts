import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { EventBody } from '@sagahub/contracts/events.ts';
import { type CallReport, type ExternalCall, type Flow, NEVER, OPERATOR_QUEUE, type SagaEvent } from '@sagahub/contracts/saga.ts';

/**
 * The smallest flow that delivers something and can take it back: for tests of the worker, which knows flows only through their port.
 * Reports become events of the same name; `parcel-<id>` is at the third party at most once.
 */
export interface ParcelState {
  readonly status: 'none' | 'submitting' | 'stuck' | 'delivered' | 'refused' | 'cancelling' | 'cancelled' | 'halted';
  readonly id: string;
  readonly attempt: number;
  readonly firstOfRound: number;
  readonly answered: number;
  readonly doubt: { readonly attempt: number; readonly startedAtMs: number; readonly endedAtMs?: number } | undefined;
  readonly reference: string | undefined;
  /** Taken there, and not decided yet. */
  readonly pendingReference: string | undefined;
  readonly sinceMs: number;
  readonly nextAtMs: number;
}

export const PARCEL_CONNECTOR = 'erp';
/** What is delivered, whatever its id. */
export const PARCEL_REQUEST = {
  orderNumber: 'PO-1',
  currency: 'EUR',
  customerId: 'C-1',
  items: [{ lineNumber: 1, sku: 'SKU-1', quantity: '2', unitPrice: '19.90' }],
  subtotal: '39.80',
  discount: '0.00',
  total: '39.80',
} as const;
const QUEUE = `outbound.${PARCEL_CONNECTOR}`;

const NOTHING: ParcelState = {
  status: 'none',
  id: '',
  attempt: 1,
  firstOfRound: 1,
  answered: 0,
  doubt: undefined,
  reference: undefined,
  pendingReference: undefined,
  sinceMs: 0,
  nextAtMs: 0,
};

export const parcelFlow: Flow<ParcelState> = {
  name: 'parcel',
  initialState: NOTHING,
  versions: {},
  currentVersion: 1,
  pinnedVersion: () => 1,
  stateName: ({ status }) => status,
  evolve: (state, event) => evolve(state, event, Date.parse(event.time)),
  pending: ({ status, attempt, nextAtMs, sinceMs }) => {
    if (status === 'submitting' || status === 'cancelling')
      return [{ step: status === 'submitting' ? 'submit' : 'cancel', queue: QUEUE, attempt, dueAtMs: nextAtMs, sinceMs }];
    return status === 'stuck' || status === 'halted' ? [{ step: 'operator', queue: OPERATOR_QUEUE, attempt, dueAtMs: NEVER, sinceMs }] : [];
  },
  command: (state, command) => {
    const endedOtherwise = state.status === 'delivered' || state.status === 'refused';
    if (command.type === 'Cancel' && endedOtherwise) throw new ConflictError('ENDED', `it is ${state.status}`);
    if (command.type === 'Redrive' && state.status !== 'stuck' && state.status !== 'halted')
      throw new ConflictError('NOT_STUCK', 'it has moved on');
    return [{ type: command.type, data: {} }];
  },
  externalCall,
  report,
};

function externalCall(state: ParcelState, step: string): ExternalCall | undefined {
  const { id, attempt, firstOfRound, doubt } = state;
  const reference = state.reference ?? state.pendingReference;
  const wanted = step === 'submit' ? state.status === 'submitting' : state.status === 'cancelling';
  if (!wanted) return undefined;
  return {
    step,
    connector: PARCEL_CONNECTOR,
    operation: step === 'submit' ? 'submit' : 'cancel',
    attempt,
    attemptInRound: attempt - firstOfRound + 1,
    objectId: id,
    partnerId: 'acme',
    ...(reference !== undefined && { reference }),
    ...(doubt && { inDoubt: doubt }),
    request: PARCEL_REQUEST,
  };
}

function report(
  state: ParcelState,
  { operation, attempt }: Pick<ExternalCall, 'operation' | 'attempt'>,
  reported: CallReport,
): readonly EventBody<string, any>[] {
  const isOver = attempt <= state.answered;
  const isWanted = state.status === (operation === 'submit' ? 'submitting' : 'cancelling');
  const event = { type: reported.kind, data: { ...reported, attempt, operation } };
  switch (reported.kind) {
    case 'succeeded':
      return state.reference === reported.reference ? [] : [event];
    case 'started':
      return isWanted && !isOver && state.doubt?.attempt !== attempt ? [event] : [];
    case 'pending':
      return isOver || (reported.reference !== undefined && reported.reference === state.pendingReference) ? [] : [event];
    case 'cancelled':
    case 'absent':
      return state.status === 'cancelled' ? [] : [event];
    case 'exhausted':
      return isWanted && !isOver ? [event] : [];
    default:
      return isOver || (operation === 'cancel' && !isWanted) ? [] : [event];
  }
}

function evolve(state: ParcelState, { type, data }: SagaEvent, nowMs: number): ParcelState {
  const attempt = Number(data['attempt']);
  const answered = Math.max(state.answered, attempt || 0);
  switch (type) {
    case 'Posted':
      return { ...state, status: 'submitting', id: data['id'] as string, sinceMs: nowMs, nextAtMs: nowMs };
    case 'Cancel': {
      const isOpen = state.status === 'submitting' || state.status === 'stuck';
      return isOpen ? newRound(state, 'cancelling', nowMs) : state;
    }
    case 'Redrive':
      return newRound(state, state.status === 'halted' ? 'cancelling' : 'submitting', nowMs);
    case 'started':
      return { ...state, doubt: { attempt, startedAtMs: nowMs } };
    case 'pending': {
      const next = { ...state, doubt: undefined, pendingReference: data['reference'] as string | undefined };
      if (state.status === 'submitting') return { ...next, nextAtMs: Number(data['nextAtMs']) };
      return state.status === 'cancelling' ? { ...next, attempt: state.attempt + 1, nextAtMs: nowMs } : next;
    }
    case 'succeeded': {
      const next = { ...state, answered, doubt: undefined, reference: data['reference'] as string };
      if (state.status === 'submitting' || state.status === 'stuck') return { ...next, status: 'delivered' };
      // Now it is known what to cancel.
      if (state.status === 'halted') return newRound(next, 'cancelling', nowMs);
      return state.status === 'cancelling' ? { ...next, attempt: state.attempt + 1, nextAtMs: nowMs } : next;
    }
    case 'refused': {
      const next = { ...state, answered, doubt: undefined };
      if (data['operation'] === 'cancel') return { ...next, status: 'halted' };
      return state.status === 'submitting' ? { ...next, status: 'refused' } : next;
    }
    case 'failed': {
      const isUnknown = data['certainty'] === 'unknown' && data['operation'] === 'submit';
      const own = state.doubt?.attempt === attempt;
      const doubt = isUnknown
        ? { attempt, startedAtMs: own ? state.doubt.startedAtMs : nowMs, endedAtMs: nowMs }
        : own
          ? undefined
          : state.doubt;
      // The end of a submission changes nothing about when its cancellation is due.
      const concerned = (data['operation'] === 'submit') === (state.status === 'submitting');
      return { ...state, doubt, ...(concerned && { answered, attempt: attempt + 1, nextAtMs: Number(data['nextAtMs']) }) };
    }
    case 'exhausted':
      return { ...state, answered, status: state.status === 'submitting' ? 'stuck' : 'halted' };
    case 'cancelled':
    case 'absent':
      return { ...state, status: 'cancelled' };
    default:
      return state;
  }
}

const newRound = (state: ParcelState, status: 'submitting' | 'cancelling', nowMs: number): ParcelState => {
  const next = Math.max(state.attempt, state.answered) + 1;
  return { ...state, status, attempt: next, firstOfRound: next, sinceMs: nowMs, nextAtMs: nowMs };
};
