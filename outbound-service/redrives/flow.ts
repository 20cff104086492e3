import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import {
  type ItemOutcome,
  type ItemSent,
  REDRIVE,
  type RedriveEvent,
  type RedriveItem,
  type RedriveOutcomeName,
} from '@sagahub/contracts/messages/redrive.ts';
import { type Command, type Decision, type Flow, NEVER, type PendingStep, type SagaVersion } from '@sagahub/contracts/saga.ts';
import { evolve, isOver } from './evolve.ts';
import type { Job, RedriveState } from './state.ts';

export const REDRIVE_QUEUE = 'outbound.redrives';

/** `expected`: the job's `progress` that the worker saw; when it is another one by now, somebody else did this part, and nothing is recorded. */
export type RedriveCommand =
  | { readonly type: 'AddItems'; readonly expected: number; readonly items: readonly RedriveItem[]; readonly next?: string }
  | {
      readonly type: 'Progress';
      readonly expected: number;
      readonly sent: readonly ItemSent[];
      readonly outcomes: readonly ItemOutcome[];
      readonly nextAt: string;
    }
  | { readonly type: 'Pause' | 'Resume' | 'CancelRedrive'; readonly by: string; readonly reason: string };

/** A job that redrives many dead letters. Open work drives it, so it survives restarts and is in one worker's hand at a time. */
export const redriveFlow: Flow<RedriveState> = {
  name: REDRIVE,
  initialState: { status: 'none' },
  evolve,
  versions: { 1: { decide, answer: () => ({ kind: 'rest' }) } satisfies SagaVersion<RedriveState> },
  currentVersion: 1,
  pinnedVersion: () => undefined,
  pending: (state) => (state.status === 'none' || isOver(state) ? [] : [rowOf(state)]),
  stateName: ({ status }) => status,
  command: (state, command) => {
    if (state.status === 'none') throw new NotFoundError('the redrive');
    return decideCommand(state, command as unknown as RedriveCommand & Command);
  },
  externalCall: () => undefined,
  report: () => [],
};

function decide(state: RedriveState): Decision {
  const finished = state.status !== 'none' && state.status !== 'listing' && !isOver(state) && state.done === state.total;
  return finished ? { kind: 'record', events: [finishedEvent(state)] } : { kind: 'rest' };
}

const finishedEvent = ({ pages }: Job): RedriveEvent => {
  const counts: Partial<Record<RedriveOutcomeName, number>> = {};
  for (const page of pages) for (const { outcome } of page.outcomes.values()) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return { type: 'RedriveFinished', data: { counts } };
};

/** A number of its own after each step, so that a lease of the one before does not hold it up. */
const rowOf = ({ status, underWay, progress, nextAtMs, sinceMs }: Job): PendingStep => {
  const rests = status === 'paused' && underWay.length === 0;
  const dueAtMs = rests ? NEVER : status === 'running' && underWay.length === 0 ? nextAtMs : sinceMs;
  return { step: 'run', queue: REDRIVE_QUEUE, attempt: progress, dueAtMs, sinceMs };
};

const decideCommand = (state: Job, command: RedriveCommand): readonly RedriveEvent[] => {
  switch (command.type) {
    case 'AddItems': {
      const { expected, items, next } = command;
      if (state.progress !== expected || state.status !== 'listing') return [];
      return [{ type: 'RedriveItemsFound', data: { items, ...(next !== undefined && { next }) } }];
    }
    case 'Progress': {
      const { expected, sent, outcomes, nextAt } = command;
      if (state.progress !== expected || isOver(state)) return [];
      return [{ type: 'RedriveProgressed', data: { sent, outcomes, nextAt } }];
    }
    case 'Pause':
      if (state.status === 'paused') return [];
      if (state.status !== 'running') throw notPossible(state, 'paused');
      return [{ type: 'RedrivePaused', data: said(command) }];
    case 'Resume':
      if (state.status === 'running') return [];
      if (state.status !== 'paused') throw notPossible(state, 'resumed');
      return [{ type: 'RedriveResumed', data: said(command) }];
    case 'CancelRedrive':
      if (state.status === 'cancelling' || state.status === 'cancelled') return [];
      if (state.status === 'finished') throw notPossible(state, 'cancelled');
      return [{ type: 'RedriveCancelled', data: said(command) }];
  }
};

const said = ({ by, reason }: { readonly by: string; readonly reason: string }) => ({ by, reason });

const notPossible = ({ status }: Job, act: string): ConflictError =>
  new ConflictError('HUB_REDRIVE_STATE', `the redrive is ${status}, so it cannot be ${act}`, { status });
