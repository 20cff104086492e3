import type { HealthView, WaitingView } from '@sagahub/contracts/api/object-views.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { FlowView, ObjectDocument, OpenBreakers } from './flow-view.ts';

/** Due work is taken within milliseconds, and a lost hint costs seconds: after a minute nobody is at it. */
const NOT_TAKEN_MS = 60_000;
/** An attempt that is under way answers or is called off long before. */
const UNDER_WAY_MS = 10 * 60_000;

/**
 * What an object that has not ended waits for, and whether that is as it should be: a function of the object, the breakers that are open
 * and the time. `undefined`: it has ended, and nothing of it is open.
 */
export const healthOf = (
  { connectorOf }: Pick<FlowView, 'connectorOf'>,
  document: ObjectDocument,
  breakers: OpenBreakers,
  nowMs: number,
): HealthView | undefined => {
  const letter = document.deadLetters.find(({ state }) => state === 'open');
  if (letter) return stuck(letter);
  if (document.endedAt !== undefined) return undefined;
  const { waiting } = document;
  if (!waiting) return moving(document, nowMs);
  const breaker = breakers.get(connectorOf(document) ?? '');
  if (breaker) {
    const nextAt = breaker.probeAt === undefined ? {} : { nextAt: breaker.probeAt };
    const reason = breaker.cause ?? 'its breaker was opened';
    const { nextAt: _planned, ...waits } = waitsOf(waiting);
    return { state: document.overdue ? 'overdue' : 'waiting', ...waits, cause: `breaker-open:${breaker.connector}`, reason, ...nextAt };
  }
  const stalledSince = stalledOf(document, waiting, nowMs);
  const cause = stalledSince === undefined ? (waiting.cause ?? 'under-way') : 'not-taken';
  return {
    state: document.overdue || stalledSince !== undefined ? 'overdue' : 'waiting',
    ...waitsOf(waiting),
    cause,
    ...(stalledSince !== undefined && { stalledSince }),
  };
};

const stuck = ({ origin, cause, reason, step, failedAt, attempts, deadLetterId }: DeadLetter): HealthView => ({
  state: 'stuck',
  waitsFor: 'operator',
  cause: `${origin}:${cause}`,
  reason,
  step,
  ...(attempts > 0 && { attempt: attempts }),
  since: failedAt,
  deadLetterId,
});

/** At a step of the hub's own. */
const moving = ({ state, updatedAt }: ObjectDocument, nowMs: number): HealthView => {
  const stalled = nowMs - Date.parse(updatedAt) > NOT_TAKEN_MS;
  return {
    state: stalled ? 'overdue' : 'moving',
    waitsFor: 'hub',
    cause: stalled ? 'not-taken' : 'under-way',
    step: state,
    since: updatedAt,
    ...(stalled && { stalledSince: updatedAt }),
  };
};

const waitsOf = ({ for: waitsFor, since, attempt, nextAt, reason, round }: WaitingView) => ({
  waitsFor,
  since,
  ...(attempt !== undefined && { attempt }),
  ...(round && { round }),
  ...(nextAt !== undefined && { nextAt }),
  ...(reason !== undefined && { reason }),
});

const stalledOf = ({ updatedAt }: ObjectDocument, { nextAt }: WaitingView, nowMs: number): string | undefined => {
  if (nextAt !== undefined) return nowMs - Date.parse(nextAt) > NOT_TAKEN_MS ? nextAt : undefined;
  return nowMs - Date.parse(updatedAt) > UNDER_WAY_MS ? updatedAt : undefined;
};
