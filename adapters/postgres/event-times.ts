import type { Session, Statement } from './database.ts';

/** `encodeEvent` writes the time first. */
const TIME = `substring(convert_from(e.bytes, 'UTF8') FROM 10 FOR 24)`;

/**
 * The newest block of 1,000 positions in which an append begins early enough holds the answer: within an append times ascend, so
 * its first is its earliest.
 */
const POSITION_AT: Statement = {
  name: 'position-at',
  text: `SELECT max(p.first_position + e.revision - p.first_revision)
    FROM (SELECT block FROM time_blocks WHERE earliest_ms <= $1 ORDER BY block DESC LIMIT 1) b
    JOIN placed p ON p.first_position BETWEEN b.block * 1000 AND b.block * 1000 + 999
    JOIN events e ON e.stream = p.stream AND e.revision >= p.first_revision AND e.revision < p.first_revision + p.events
    WHERE ${TIME} <= $2`,
};

/** Position of the last event at or before a time; 0 when there is none. Finds it without an index on times. */
export const readPositionAt = async (session: Session, time: Date): Promise<bigint> =>
  BigInt((await session.rows<[string | null]>(POSITION_AT, [time.getTime(), time.toISOString()]))[0]?.[0] ?? 0);
