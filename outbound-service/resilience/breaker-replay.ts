import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type BreakerEvent, movesBreaker } from '@sagahub/contracts/messages/hub.ts';
import type { BreakerState } from './breaker.ts';

/**
 * The state of a breaker behind an event of its log. An opening of a breaker that is open already, as when two replicas meet the same
 * outage, leaves it as it is, unless it was made by hand.
 */
export const replayBreaker = (state: BreakerState, event: RecordedEvent): BreakerState => {
  const { type, data } = event as unknown as BreakerEvent;
  if (!movesBreaker({ type, data } as BreakerEvent, state.state === 'closed' ? undefined : state.by)) return state;
  if (type === 'BreakerClosed') return { state: 'closed' };
  if (type !== 'BreakerOpened') return state;
  const { cause, by, probeAt } = data;
  if (state.state !== 'closed' && probeAt !== undefined) return state;
  const sinceMs = state.state === 'closed' ? Date.parse(event.metadata.time) : state.sinceMs;
  if (probeAt !== undefined) return { state: 'open', cause, by, sinceMs, probeAtMs: Date.parse(probeAt), lastFailure: cause };
  // Somebody's reason is no failure: what was met before stands.
  return { state: 'open', cause, by, sinceMs, probeAtMs: undefined, lastFailure: state.state === 'closed' ? undefined : state.lastFailure };
};
