import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { LogCursors } from '../log-cursor.ts';
import type { ChangeFeed } from '../change-feed.ts';
import type { OpenBreakers } from './flow-view.ts';

/** What the queries share. */
export interface QueryContext extends Pick<Ports, 'store' | 'documents' | 'keys' | 'clock'> {
  readonly runtime: Pick<SagaRuntime, 'settled'>;
  readonly cursors: LogCursors;
  /** Of the events of every flow. */
  readonly feed: ChangeFeed;
  readonly openBreakers: () => Promise<OpenBreakers>;
  /** Longest `Prefer: wait`. */
  readonly maxWaitMs: number;
  /** Between two comments that keep an idle event stream open. */
  readonly heartbeatMs: number;
  /** Messages that may wait for one slow client of an event stream. */
  readonly streamQueue: number;
}
