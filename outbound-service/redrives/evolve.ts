import type { RedriveEvent, RedriveProgressed } from '@sagahub/contracts/messages/redrive.ts';
import type { SagaEvent } from '@sagahub/contracts/saga.ts';
import { type Job, type RedriveState, withProgress } from './state.ts';

/** Folds one event. Total: what makes no sense in a state changes nothing. */
export const evolve = (state: RedriveState, { time, ...recorded }: SagaEvent): RedriveState => {
  const event = recorded as unknown as RedriveEvent;
  const atMs = Date.parse(time);
  if (state.status === 'none')
    return event.type === 'RedriveRequested'
      ? {
          status: 'listing',
          request: event.data,
          requestedAt: time,
          cursor: undefined,
          pages: [],
          total: 0,
          next: 0,
          underWay: [],
          done: 0,
          progress: 1,
          nextAtMs: atMs,
          sinceMs: atMs,
        }
      : state;
  switch (event.type) {
    case 'RedriveItemsFound': {
      const { items, next: cursor } = event.data;
      const pages = items.length > 0 ? [...state.pages, { items, outcomes: new Map(), sent: new Map() }] : state.pages;
      const listed = cursor === undefined && state.status === 'listing' ? { status: 'running' as const } : {};
      return { ...state, ...listed, cursor, pages, total: state.total + items.length, progress: state.progress + 1 };
    }
    case 'RedriveProgressed':
      return progressed(state, event.data);
    case 'RedrivePaused':
      return state.status === 'running' ? { ...state, status: 'paused', progress: state.progress + 1 } : state;
    case 'RedriveResumed':
      return state.status === 'paused' ? { ...state, status: 'running', progress: state.progress + 1 } : state;
    case 'RedriveCancelled':
      return isOver(state) ? state : { ...state, status: 'cancelling', progress: state.progress + 1 };
    case 'RedriveFinished':
      return isOver(state) ? state : { ...state, status: state.status === 'cancelling' ? 'cancelled' : 'finished' };
    default:
      return state;
  }
};

export const isOver = ({ status }: Job): boolean => status === 'finished' || status === 'cancelled';

const progressed = (state: Job, { sent, outcomes, nextAt }: RedriveProgressed['data']): Job => {
  const settled = new Set(outcomes.map(({ item }) => item));
  const underWay = [...state.underWay, ...sent].filter(({ item }) => !settled.has(item));
  const touched = [...sent, ...outcomes].map(({ item }) => item + 1);
  return {
    ...state,
    pages: withProgress(state.pages, sent, outcomes),
    next: touched.reduce((next, after) => Math.max(next, after), state.next),
    underWay,
    done: state.done + outcomes.length,
    progress: state.progress + 1,
    nextAtMs: Date.parse(nextAt),
  };
};
