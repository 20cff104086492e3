import { chainStart } from '@sagahub/contracts/event-codec.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type Append, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import type { Session, Statement } from './database.ts';

/** Where a stream ends, which is all that an append behind it needs to know. */
export interface Head {
  readonly revision: number;
  readonly hash: string;
  readonly timeMs: number;
}

const REMEMBERED_STREAMS = 20_000;

const HEADS: Statement = {
  name: 'heads',
  text: `SELECT name, revision, encode(hash, 'hex'), time_ms FROM streams WHERE name = ANY ($1)`,
};

/**
 * Heads of the streams this process wrote or read last. They may be out of date, never ahead: the store compares the revision when it writes, and
 * the hash at a revision never changes.
 */
export class StreamHeads {
  readonly #session: Session;
  readonly #known = new RecentMap<string, Head>(REMEMBERED_STREAMS);

  constructor(session: Session) {
    this.#session = session;
  }

  /** The head as the append expects it; `undefined` when nothing of the kind is known. */
  expectedBy({ stream, expectedRevision }: Append): Head | undefined {
    if (expectedRevision === NO_STREAM) return { revision: NO_STREAM, hash: chainStart(stream), timeMs: 0 };
    const known = this.#known.get(stream);
    return known?.revision === expectedRevision ? known : undefined;
  }

  set(stream: string, head: Head): void {
    this.#known.set(stream, head);
  }

  /** Events of one stream, or of many in the order of their revisions. */
  learnFrom(events: readonly RecordedEvent[]): void {
    for (const { stream, revision, hash, metadata } of events) {
      const known = this.#known.get(stream);
      if (!known || known.revision < revision) this.#known.set(stream, { revision, hash, timeMs: Date.parse(metadata.time) });
    }
  }

  /** As the store has them now; a stream nobody wrote to is left out. */
  async read(streams: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    const rows = await this.#session.rows<[string, number, string, string]>(HEADS, [streams]);
    const heads = new Map(rows.map(([name, revision, hash, timeMs]) => [name, { revision, hash, timeMs: Number(timeMs) }]));
    for (const [stream, head] of heads) this.#known.set(stream, head);
    return heads;
  }
}
