import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';

/** What somebody is told of an object. No personal data: reasons hold none. */
export interface About {
  readonly what: 'stuck' | 'overdue';
  /** Stable: groups alerts of one reason. */
  readonly cause: string;
  readonly reason: string;
  readonly deadLetterId?: string;
}

/** What of a flow's events somebody is told; steps that are given up and ways back that halt are told of every flow. */
export interface AlertFace {
  /** Also the category of its streams. */
  readonly flow: string;
  /** Of its objects in the API. */
  readonly path: string;
  readonly aboutOf: (event: RecordedEvent) => About | undefined;
  /** For what an event does not tell by itself. `next`: the event behind it in the feed. */
  readonly lookBack?: (
    store: Pick<EventStore, 'readStream'>,
    event: RecordedEvent,
    next: RecordedEvent | undefined,
  ) => Promise<About | undefined>;
}
