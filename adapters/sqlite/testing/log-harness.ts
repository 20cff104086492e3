import type { OpenHarness } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { openSqliteEventStore } from '../event-store.ts';
import { type LogDatabase, openLogDatabase } from '../log.ts';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * One port on a `log.db` of its own that can be closed and opened again.
 * @param openPort opens the port on the database; disposed (if it can be) before the database is
 */
export const openOnLog = async <Port extends object>(openPort: (log: LogDatabase, clock: Clock) => Promise<Port>) => {
  const folder = await temporaryFolder();
  const path = folder.path('log.db');
  const clock = manualClock();
  const opened: AsyncDisposable[] = [];
  const close = async () => {
    for (const resource of opened.splice(0).toReversed()) await resource[Symbol.asyncDispose]();
  };
  const open = async () => {
    const log = await openLogDatabase(path);
    opened.push(log);
    const port = await openPort(log, clock);
    if (Symbol.asyncDispose in port) opened.push(port as AsyncDisposable);
    return { log, port };
  };
  return {
    path,
    clock,
    ...(await open()),
    /** Closes port and database. */
    close,
    /** Opens them again. */
    open,
    /** Closes port and database, opens both again. */
    reopen: async () => {
      await close();
      return open();
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
};

export const eventStoreHarness: OpenHarness = async () => {
  const { port, reopen, ...rest } = await openOnLog((log, clock) => openSqliteEventStore(log, { clock }));
  return { ...rest, store: port, reopen: async () => (await reopen()).port };
};
