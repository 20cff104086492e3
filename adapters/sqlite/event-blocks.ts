import type { DatabaseSync } from 'node:sqlite';
import { TIME_END, TIME_START } from './append-protocol.ts';

/** Positions 1 to 1,000 are block 1, and so on. */
export const BLOCK_EVENTS = 1_000;
const TIME = `substr(bytes, ${TIME_START + 1}, ${TIME_END - TIME_START})`;

/**
 * Finds events by time without an index on times: of every complete block of events the earliest time is kept. Times ascend
 * within a stream and nearly so over the log (clocks step back between two runs), so the newest block that starts early enough
 * holds the answer.
 */
export class EventBlocks {
  readonly #insert;
  readonly #openBlock;
  /** Earliest time of the block being filled. */
  #earliestMs = Infinity;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO event_blocks (block, earliest) VALUES (?, ?)');
    this.#openBlock = db.prepare(
      `SELECT min(${TIME}) AS earliest FROM events WHERE position > (SELECT coalesce(max(block), 0) FROM event_blocks) * ${BLOCK_EVENTS}`,
    );
  }

  add(position: number, timeMs: number): void {
    if (timeMs < this.#earliestMs) this.#earliestMs = timeMs;
    if (position % BLOCK_EVENTS !== 0) return;
    this.#insert.run(position / BLOCK_EVENTS, new Date(this.#earliestMs).toISOString());
    this.#earliestMs = Infinity;
  }

  forget(): void {
    const { earliest } = this.#openBlock.get() as { earliest: string | null };
    this.#earliestMs = earliest === null ? Infinity : Date.parse(earliest);
  }
}

/** On a read connection: position of the last event at or before a time; 0 when there is none. */
export const positionAtTime = (db: DatabaseSync): ((time: string) => number) => {
  const inOpenBlock = db.prepare(
    `SELECT max(position) AS position FROM events WHERE position > (SELECT coalesce(max(block), 0) FROM event_blocks) * ${BLOCK_EVENTS} AND ${TIME} <= ?`,
  );
  const lastBlock = db.prepare('SELECT max(block) AS block FROM event_blocks WHERE earliest <= ?');
  const inBlock = db.prepare(`SELECT max(position) AS position FROM events WHERE position BETWEEN ? AND ? AND ${TIME} <= ?`);
  const positionOf = (row: unknown): number | null => (row as { position: number | null }).position;
  return (time) => {
    const open = positionOf(inOpenBlock.get(time));
    if (open !== null) return open;
    const { block } = lastBlock.get(time) as { block: number | null };
    return block === null ? 0 : (positionOf(inBlock.get((block - 1) * BLOCK_EVENTS + 1, block * BLOCK_EVENTS, time)) ?? 0);
  };
};
