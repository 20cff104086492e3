import { breakerStream, type BreakerEvent, movesBreaker } from '@sagahub/contracts/messages/hub.ts';
import { categoryOf } from '@sagahub/contracts/events.ts';
import type { Fold } from './projection.ts';

/** Collection of the DocumentStore: one document per connector, by its name. */
export const BREAKERS = 'breakers';

/** A breaker as its events tell; what is half-open at this moment only its own process knows. */
export interface BreakerDocument {
  readonly connector: string;
  readonly state: 'open' | 'closed';
  readonly since: string;
  /** Why it opened last. */
  readonly cause?: string;
  readonly by: string;
  /** Absent while open: until somebody closes it. */
  readonly probeAt?: string;
  /** Newest first. */
  readonly history: readonly BreakerChange[];
}
export interface BreakerChange {
  readonly at: string;
  readonly state: 'open' | 'closed';
  readonly by: string;
  readonly reason?: string;
}

/** Changes kept per breaker; the log has all of them. */
const HISTORY = 100;

export const breakerFold: Fold<BreakerDocument> = {
  category: categoryOf(breakerStream('')),
  collection: BREAKERS,
  apply: (before, event) => {
    const { type, data } = event as unknown as BreakerEvent;
    const at = event.metadata.time;
    const open = type === 'BreakerOpened';
    if (!open && type !== 'BreakerClosed') throw new Error(`${event.type} is no event of a breaker`);
    const reason = open ? data.cause : data.reason;
    const state = open ? 'open' : 'closed';
    const change: BreakerChange = { at, state, by: data.by, ...(reason !== undefined && { reason }) };
    const history = [change, ...(before?.history ?? [])].slice(0, HISTORY);
    const body = { type, data } as BreakerEvent;
    if (before && !movesBreaker(body, before.state === 'open' ? before.by : undefined)) return { ...before, history };
    return {
      connector: data.connector,
      state,
      // Opened again while open (a probe failed): it has been open since the first time.
      since: open && before?.state === 'open' ? before.since : at,
      by: data.by,
      ...(open ? { cause: data.cause, ...(data.probeAt !== undefined && { probeAt: data.probeAt }) } : {}),
      history,
    };
  },
  tally: (breaker) => [`state:${breaker.state}`],
};
