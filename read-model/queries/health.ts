import type { HealthView } from '@sagahub/contracts/api/order-views.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { OrderDocument, Waiting } from '../projections/order-document.ts';
import type { OpenBreakers } from './order-view.ts';

/** Due work is taken within milliseconds, and a lost hint costs seconds: after a minute nobody is at it. */
const NOT_TAKEN_MS = 60_000;
/** An attempt that is under way answers or is called off long before. */
const UNDER_WAY_MS = 10 * 60_000;

/**
 * What an order that has not ended waits for, and whether that is as it should be: a function of the order, the breakers that are open and
 * the time. `undefined`: it has ended, and nothing of it is open.
 */
export const healthOf = (order: OrderDocument, breakers: OpenBreakers, nowMs: number): HealthView | undefined => {
  const letter = order.deadLetters.find(({ state }) => state === 'open');
  if (letter) return stuck(letter);
  if (order.endedAt !== undefined) return undefined;
  const { waiting } = order;
  if (!waiting) return moving(order, nowMs);
  const breaker = waiting.for === 'erp' || waiting.for === 'erp-cancellation' ? breakers.get(order.erp?.connector ?? '') : undefined;
  if (breaker) {
    const nextAt = breaker.probeAt === undefined ? {} : { nextAt: breaker.probeAt };
    const reason = breaker.cause ?? 'its breaker was opened';
    const { nextAt: _planned, ...waits } = waitsOf(waiting);
    return { state: order.overdue ? 'overdue' : 'waiting', ...waits, cause: `breaker-open:${breaker.connector}`, reason, ...nextAt };
  }
  const stalledSince = stalledOf(order, waiting, nowMs);
  const cause = stalledSince === undefined ? (waiting.cause ?? 'under-way') : 'not-taken';
  return {
    state: order.overdue || stalledSince !== undefined ? 'overdue' : 'waiting',
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
const moving = ({ state, updatedAt }: OrderDocument, nowMs: number): HealthView => {
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

const waitsOf = ({ for: waitsFor, since, attempt, nextAt, reason, round }: Waiting) => ({
  waitsFor,
  since,
  ...(attempt !== undefined && { attempt }),
  ...(round && { round }),
  ...(nextAt !== undefined && { nextAt }),
  ...(reason !== undefined && { reason }),
});

const stalledOf = ({ updatedAt }: OrderDocument, { nextAt }: Waiting, nowMs: number): string | undefined => {
  if (nextAt !== undefined) return nowMs - Date.parse(nextAt) > NOT_TAKEN_MS ? nextAt : undefined;
  return nowMs - Date.parse(updatedAt) > UNDER_WAY_MS ? updatedAt : undefined;
};
