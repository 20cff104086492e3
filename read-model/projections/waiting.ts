import { causeOf } from '@sagahub/contracts/causes.ts';
import type { StepFaulted } from '@sagahub/contracts/messages/hub.ts';
import type { AttemptRound } from '@sagahub/contracts/saga.ts';

/** Whom or what an object waits for. Times are ISO 8601. */
export interface Waiting<For extends string> {
  readonly for: For;
  readonly since: string;
  /** 1-based: the attempt that is next or under way. */
  readonly attempt?: number;
  /** Absent: under way now, or not before somebody acts. */
  readonly nextAt?: string;
  readonly reason?: string;
  /** Groups what went wrong last, see `causeOf`. */
  readonly cause?: string;
  /** The attempt's place in its round, and how many a round has. */
  readonly round?: AttemptRound;
}

/** What failed, and is tried again. */
interface Failed {
  readonly attempt: number;
  readonly reason: string;
  readonly status?: number;
  readonly nextAt: string;
  readonly round?: AttemptRound;
}

export const failedAttempt = <For extends string>(
  waitedFor: For,
  before: { readonly waiting?: Waiting<string> },
  failed: Failed,
  at: string,
): Waiting<For> => ({
  for: waitedFor,
  since: before.waiting?.for === waitedFor ? before.waiting.since : at,
  attempt: failed.attempt + 1,
  nextAt: failed.nextAt,
  reason: failed.reason,
  cause: causeOf(failed),
  ...(failed.round && { round: failed.round }),
});

/** A handler threw: the engine repeats it, or an operator is needed. */
export const afterFault = (
  before: { readonly waiting?: Waiting<string> },
  fault: StepFaulted['data'],
  at: string,
): Waiting<'operator' | 'retry'> => {
  const reason = `${fault.step}: ${fault.error}`;
  if (fault.nextAt === undefined) return { for: 'operator', since: at, reason };
  const since = before.waiting?.for === 'retry' ? before.waiting.since : at;
  return { for: 'retry', since, attempt: fault.attempt + 1, nextAt: fault.nextAt, reason, cause: causeOf({ reason: fault.error }) };
};
