import { ConflictError } from '@sagahub/contracts/errors.ts';
import { NEVER, OPERATOR_QUEUE, type Flow, type SagaVersion } from '@sagahub/contracts/saga.ts';

/** The smallest flow that has everything: a participant, a call outside, a command, a version. */
export type ParcelState =
  | { readonly status: 'new' }
  | { readonly status: 'announced' | 'packed'; readonly sinceMs: number; readonly version?: number; readonly attempt: number }
  | { readonly status: 'shipped' | 'returned'; readonly version?: number }
  | { readonly status: 'lost'; readonly sinceMs: number; readonly version?: number };

export const PARCEL_QUEUE = 'orchestration.parcel';
export const CARRIER_QUEUE = 'outbound.carrier';

const v1: SagaVersion<ParcelState> = {
  decide: (state) => (state.status === 'announced' ? { kind: 'ask', participant: 'packer', request: {} } : { kind: 'rest' }),
  answer: (_state, _ask, outcome) => ({ kind: 'record', events: [{ type: 'ParcelPacked', data: { box: String(outcome) } }] }),
};

const versionOf = (state: ParcelState): number | undefined => (state.status === 'new' ? undefined : state.version);

export const parcelFlow: Flow<ParcelState> = {
  name: 'parcel',
  initialState: { status: 'new' },
  versions: { 1: v1 },
  currentVersion: 1,
  pinnedVersion: versionOf,
  stateName: (state) => state.status,
  evolve(state, event) {
    const version = versionOf(state) ?? event.sagaVersion;
    const pinned = version === undefined ? {} : { version };
    const sinceMs = Date.parse(event.time);
    switch (event.type) {
      case 'ParcelAnnounced':
        return { status: 'announced', sinceMs, attempt: 1 };
      case 'ParcelPacked':
        return { status: 'packed', sinceMs, attempt: 1, ...pinned };
      case 'PickupFailed':
        return state.status === 'packed' ? { ...state, attempt: Number(event.data['attempt']) + 1 } : state;
      case 'ParcelShipped':
        return { status: 'shipped', ...pinned };
      case 'ParcelReturned':
        return { status: 'returned', ...pinned };
      case 'ParcelLost':
        return { status: 'lost', sinceMs, ...pinned };
      default:
        return state;
    }
  },
  pending(state) {
    switch (state.status) {
      case 'announced':
        return [{ step: 'advance', queue: PARCEL_QUEUE, attempt: 1, dueAtMs: state.sinceMs, sinceMs: state.sinceMs }];
      case 'packed':
        return [{ step: 'pickup', queue: CARRIER_QUEUE, attempt: state.attempt, dueAtMs: state.sinceMs, sinceMs: state.sinceMs }];
      case 'lost':
        return [{ step: 'lost', queue: OPERATOR_QUEUE, attempt: 1, dueAtMs: NEVER, sinceMs: state.sinceMs }];
      default:
        return [];
    }
  },
  command(state, command) {
    if (command.type !== 'Return') throw new Error(`unknown command ${command.type}`);
    if (state.status === 'returned') return [];
    if (state.status === 'shipped') throw new ConflictError('HUB_PARCEL_GONE', 'it has left');
    return [{ type: 'ParcelReturned', data: {} }];
  },
  externalCall: (state, step) =>
    state.status === 'packed' && step === 'pickup'
      ? { step, connector: 'carrier', operation: 'submit', attempt: state.attempt, objectId: 'p', partnerId: 'p', request: {} }
      : undefined,
  report(state, call, report) {
    if (report.kind === 'succeeded')
      return state.status === 'shipped' ? [] : [{ type: 'ParcelShipped', data: { reference: report.reference } }];
    if (report.kind === 'failed') return [{ type: 'PickupFailed', data: { attempt: call.attempt } }];
    if (report.kind === 'started') return [{ type: 'PickupStarted', data: { attempt: call.attempt } }];
    return [];
  },
};
