import { ALERT, type AlertEvent, type AlertRaised } from '@sagahub/contracts/messages/alert.ts';
import type { Command, Flow, PendingStep, SagaEvent } from '@sagahub/contracts/saga.ts';

export const ALERT_QUEUE = 'outbound.alerts';

export type AlertState =
  | { readonly status: 'none' }
  | {
      readonly status: 'pending' | 'delivered' | 'given-up';
      readonly alert: AlertRaised['data'];
      /** The one that is next. */
      readonly attempt: number;
      readonly nextAtMs: number;
      readonly sinceMs: number;
    };

export type AlertCommand =
  | { readonly type: 'Delivered'; readonly attempt: number; readonly status: number }
  | { readonly type: 'Failed'; readonly attempt: number; readonly reason: string /** Absent: given up. */; readonly nextAt?: string };

const evolve = (state: AlertState, { time, ...recorded }: SagaEvent): AlertState => {
  const event = recorded as unknown as AlertEvent;
  if (state.status === 'none') {
    if (event.type !== 'AlertRaised') return state;
    const sinceMs = Date.parse(time);
    return { status: 'pending', alert: event.data, attempt: 1, nextAtMs: sinceMs, sinceMs };
  }
  switch (event.type) {
    case 'AlertAttemptFailed':
      return { ...state, attempt: event.data.attempt + 1, nextAtMs: Date.parse(event.data.nextAt) };
    case 'AlertDelivered':
      return { ...state, status: 'delivered' };
    case 'AlertGivenUp':
      return { ...state, status: 'given-up' };
    default:
      return state;
  }
};

const pending = (state: AlertState): readonly PendingStep[] =>
  state.status === 'pending'
    ? [{ step: 'send', queue: ALERT_QUEUE, attempt: state.attempt, dueAtMs: state.nextAtMs, sinceMs: state.sinceMs }]
    : [];

/** What came of an attempt; nothing when it was recorded already, by whichever process. */
const command = (state: AlertState, asked: Command): readonly AlertEvent[] => {
  const told = asked as unknown as AlertCommand;
  if (state.status !== 'pending' || told.attempt !== state.attempt) return [];
  const { attempt } = told;
  if (told.type === 'Delivered') return [{ type: 'AlertDelivered', data: { attempt, status: told.status } }];
  const { reason, nextAt } = told;
  if (nextAt === undefined) return [{ type: 'AlertGivenUp', data: { attempts: attempt, reason } }];
  return [{ type: 'AlertAttemptFailed', data: { attempt, reason, nextAt } }];
};

/** One thing that somebody is told, at least once. */
export const alertFlow: Flow<AlertState> = {
  name: ALERT,
  initialState: { status: 'none' },
  evolve,
  versions: { 1: { decide: () => ({ kind: 'rest' }), answer: () => ({ kind: 'rest' }) } },
  currentVersion: 1,
  pinnedVersion: () => undefined,
  pending,
  stateName: ({ status }) => status,
  command,
  externalCall: () => undefined,
  report: () => [],
};
