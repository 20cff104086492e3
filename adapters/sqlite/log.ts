import type { DatabaseSync } from 'node:sqlite';
import { openReadConnection } from './connection.ts';
import type { LogOperations } from './log-database.ts';
import { openWriter, type Writer } from './writer.ts';

/** The open `log.db`: the thread that writes it, and the connection that the main thread reads it with. */
export interface LogDatabase extends AsyncDisposable {
  readonly writer: Writer<LogOperations>;
  readonly reader: DatabaseSync;
}

/**
 * Opens or creates the database that the event store, open work, stock and discounts share. Dispose it after them.
 * @throws ConfigurationError it cannot be opened, or is of a newer release
 */
export const openLogDatabase = async (path: string): Promise<LogDatabase> => {
  const writer = await openWriter<LogOperations>({ path, module: new URL('./log-database.ts', import.meta.url) });
  try {
    const reader = openReadConnection(path);
    return {
      writer,
      reader,
      [Symbol.asyncDispose]: async () => {
        if (reader.isOpen) reader.close(); // first, so that the writer's closing checkpoint can empty the write-ahead log
        await writer[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await writer[Symbol.asyncDispose]();
    throw error;
  }
};
