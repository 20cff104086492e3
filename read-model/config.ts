import { type ConfigOf, duration, integer, type Settings } from '@sagahub/contracts/config.ts';

export const readModelSettings = {
  projectionWindowMs: {
    env: 'HUB_PROJECTION_WINDOW',
    schema: duration('100ms'),
    description: 'How long changes may gather under load before the read model is written; an idle hub writes at once.',
  },
  projectionBatch: {
    env: 'HUB_PROJECTION_BATCH',
    schema: integer(2_000, 1, 50_000),
    description: 'Events projected in one transaction at most.',
  },
  hotDocuments: {
    env: 'HUB_PROJECTION_CACHE',
    schema: integer(20_000, 100, 1_000_000),
    description: 'Documents of orders in flight kept in memory by the projection.',
  },
  /** The same as the intake's: one limit for every `Prefer: wait`. */
  maxWaitMs: {
    env: 'HUB_MAX_WAIT',
    schema: duration('30s'),
    description: 'Longest time a request with Prefer: wait=N is held open; keep it below the idle timeout of any load balancer.',
  },
  streamHeartbeatMs: {
    env: 'HUB_EVENT_STREAM_HEARTBEAT',
    schema: duration('15s'),
    description: 'How often an idle event stream (SSE) gets a comment; keep it below the idle timeout of any load balancer.',
  },
  streamQueue: {
    env: 'HUB_EVENT_STREAM_QUEUE',
    schema: integer(1_000, 10, 100_000),
    description: 'Messages that may wait for one slow client of an event stream before it is dropped; it can resume where it was.',
  },
} satisfies Settings;

export type ReadModelConfig = ConfigOf<typeof readModelSettings>;
