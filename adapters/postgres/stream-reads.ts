import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Session } from './database.ts';
import { readStreamsRows, type StreamRange } from './event-rows.ts';

interface Waiting {
  readonly range: StreamRange;
  readonly resolve: (events: RecordedEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

const LARGEST_GROUP = 100;
/** More than one, so that a long stream holds nobody up; few, so that reads gather while the server is busy. */
const GROUPS_AT_ONCE = 2;

/** Reads streams, many with one statement: what is asked while others are with the server goes together. */
export class StreamReads {
  readonly #session: Session;
  #waiting: Waiting[] = [];
  #working = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  read(range: StreamRange): Promise<RecordedEvent[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ range, resolve, reject });
      if (this.#working < GROUPS_AT_ONCE) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working += 1;
    // After the callbacks of this pass of the event loop, so that all they ask for shares a statement.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, LARGEST_GROUP);
      try {
        const rows = await readStreamsRows(
          this.#session,
          group.map(({ range }) => range),
        );
        for (const [index, { resolve, reject }] of group.entries())
          try {
            resolve(rows[index]!());
          } catch (error) {
            reject(error); // bytes that are no event are the trouble of who asked for them
          }
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#working -= 1;
  }
}
