import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { StoredDocument } from '@sagahub/contracts/ports/document-store.ts';

/** A stream set aside because one of its events cannot be projected; the rest of the log goes on. */
export interface ParkedStream {
  readonly stream: string;
  readonly state: 'parked' | 'released';
  /** Of the event that cannot be projected. */
  readonly revision: number;
  /** Decimal. */
  readonly position: string;
  readonly type: string;
  readonly error: string;
  /** Time of that event: what is recorded depends on the log alone. */
  readonly parkedAt: string;
}

const PREFIX = 'parked-';

/** The parked streams of one projection. Records are documents: they are written with the checkpoint, and rebuilt. */
export class ParkedStreams {
  readonly #records = new Map<string, { readonly record: ParkedStream; readonly revision: number }>();

  constructor(stored: Iterable<StoredDocument>) {
    for (const { body, revision } of stored) {
      const record = body as unknown as ParkedStream;
      this.#records.set(record.stream, { record, revision });
    }
  }

  has(stream: string): boolean {
    return this.#records.size > 0 && this.#records.get(stream)?.record.state === 'parked';
  }

  list(): readonly ParkedStream[] {
    return [...this.#records.values()].map(({ record }) => record).filter(({ state }) => state === 'parked');
  }

  park(event: RecordedEvent, error: unknown): StoredDocument {
    return this.#change({
      stream: event.stream,
      state: 'parked',
      revision: event.revision,
      position: event.position.toString(),
      type: event.type,
      error: error instanceof Error ? error.message : String(error),
      parkedAt: event.metadata.time,
    });
  }

  release(stream: string): StoredDocument {
    const parked = this.#records.get(stream);
    if (!parked) throw new Error(`${stream} is not parked`);
    return this.#change({ ...parked.record, state: 'released' });
  }

  #change(record: ParkedStream): StoredDocument {
    const revision = (this.#records.get(record.stream)?.revision ?? 0) + 1;
    this.#records.set(record.stream, { record, revision });
    return { id: PREFIX + record.stream, revision, body: { ...record } };
  }
}
