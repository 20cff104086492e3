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
