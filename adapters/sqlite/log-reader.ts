import { existsSync } from 'node:fs';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import { openReadConnection } from './connection.ts';
import { EventReader } from './event-reader.ts';

/** What an audit needs of a log. */
export type LogReader = Pick<EventStore, 'readRaw' | 'lastPosition'> & Disposable;

/**
 * Opens the log of a stopped hub, of a running one in another process, or of a copy, for reading alone. Nothing of it is checked.
 * @throws ConfigurationError there is none, or it cannot be opened
 */
export const openLogReader = (path: string): LogReader => {
  if (!existsSync(path)) throw new ConfigurationError([`there is no log at ${path}`]);
  try {
    const db = openReadConnection(path);
    const reader = new EventReader(db);
    return {
      readRaw: ({ after, limit, stream }) => Promise.resolve(reader.raw(Number(after), limit, stream)),
      lastPosition: () => Promise.resolve(BigInt(reader.lastPosition())),
      [Symbol.dispose]: () => db.close(),
    };
  } catch (error) {
    throw new ConfigurationError([`${path} cannot be read as a log: ${(error as Error).message}`]);
  }
};
