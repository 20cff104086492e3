import { hash } from 'node:crypto';
import { type Fault, GoneError, MalformedRequestError } from '@sagahub/contracts/errors.ts';

const LOG_BYTES = 16;
const CURSOR = /^[A-Za-z0-9_-]{32}$/;

/** Positions as the outside sees them: opaque, in the order of nothing, and good for this one log alone. */
export class LogCursors {
  readonly #log: Buffer;

  constructor(logId: string) {
    this.#log = Buffer.from(hash('sha256', logId, 'hex').slice(0, LOG_BYTES * 2), 'hex');
  }

  encode(position: bigint): string {
    const bytes = Buffer.allocUnsafe(LOG_BYTES + 8);
    this.#log.copy(bytes);
    bytes.writeBigUInt64BE(position, LOG_BYTES);
    return bytes.toString('base64url');
  }

  /**
   * @param where it was sent
   * @throws GoneError it is of another log; MalformedRequestError it is no cursor
   */
  decode(cursor: string, where: Pick<Fault, 'parameter' | 'header'>): bigint {
    if (!CURSOR.test(cursor))
      throw new MalformedRequestError(`${where.parameter ?? where.header} is not a position of this log: use one that the hub gave you`, {
        code: 'HUB_INVALID_PARAMETER',
        faults: [{ ...where, code: 'not-a-cursor', detail: 'use a position that the hub gave you, unchanged' }],
      });
    const bytes = Buffer.from(cursor, 'base64url');
    if (!bytes.subarray(0, LOG_BYTES).equals(this.#log))
      throw new GoneError(
        'HUB_CURSOR_OF_ANOTHER_LOG',
        'the position belongs to another log (the hub was restored or set up anew): start from the beginning',
      );
    return bytes.readBigUInt64BE(LOG_BYTES);
  }
}

/** The number in a cursor of whatever log, for files that were exported elsewhere. */
export const ordinalOf = (cursor: string): bigint => {
  if (!CURSOR.test(cursor)) throw new TypeError(`"${cursor}" is no position`);
  return Buffer.from(cursor, 'base64url').readBigUInt64BE(LOG_BYTES);
};
