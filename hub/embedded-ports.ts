import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import { openInProcessLeadership } from '@sagahub/adapters/in-process/leadership.ts';
import { openInProcessMessageBus } from '@sagahub/adapters/in-process/message-bus.ts';
import type { DataFolder } from '@sagahub/adapters/process/data-folder.ts';
import { openSqliteDiscounts } from '@sagahub/adapters/sqlite/discounts.ts';
import { openSqliteDocumentStore } from '@sagahub/adapters/sqlite/document-store.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openSqliteKeyStore } from '@sagahub/adapters/sqlite/key-store.ts';
import { type LogDatabase, openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { openSqliteOpenWork } from '@sagahub/adapters/sqlite/open-work.ts';
import { openSqliteStock } from '@sagahub/adapters/sqlite/stock.ts';
import { observedLeadership } from '@sagahub/adapters/telemetry/observed-leadership.ts';
import { timedDocumentStore, timedKeyStore } from '@sagahub/adapters/telemetry/timed-ports.ts';
import { tracedEventStore } from '@sagahub/adapters/telemetry/traced-event-store.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { READ_MODEL_COLLECTIONS } from '@sagahub/read-model/collections.ts';

/** Files of the data folder. */
export const LOG_FILE = 'log.db';
export const VIEWS_FILE = 'views.db';
export const KEYS_FILE = 'keys.db';

export interface EmbeddedOptions {
  readonly folder: DataFolder;
  readonly strictInventory: boolean;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** For tests: comes between the database and the ports on it. */
  readonly wrapLog?: ((log: LogDatabase) => LogDatabase) | undefined;
}

/** Everything in one folder and one process: three SQLite files, each with its writer thread, and the rest in memory. */
export const openEmbeddedPorts = async ({
  folder,
  strictInventory,
  clock,
  telemetry,
  wrapLog = (log) => log,
}: EmbeddedOptions): Promise<Ports & AsyncDisposable> => {
  await using opened = new AsyncDisposableStack();
  const keys = opened.use(await openSqliteKeyStore({ path: folder.file(KEYS_FILE) }));
  const log = wrapLog(opened.use(await openLogDatabase(folder.file(LOG_FILE))));
  const store = opened.use(await openSqliteEventStore(log, { clock }));
  const openWork = opened.use(await openSqliteOpenWork(log, { clock }));
  const documents = opened.use(
    await openSqliteDocumentStore({ path: folder.file(VIEWS_FILE), collections: READ_MODEL_COLLECTIONS, logId: store.logId }),
  );
  if (documents.discarded) telemetry.logger.warn('the read model is built again from the log', { reason: documents.discarded });
  const bus = opened.use(openInProcessMessageBus({ clock }));
  const leadership = opened.use(observedLeadership(openInProcessLeadership({ clock }), telemetry));
  const cache = opened.use(openInProcessKeyValue({ clock }));
  const closing = opened.move();
  return {
    store: tracedEventStore(store, telemetry),
    openWork,
    stock: openSqliteStock(log, { strict: strictInventory }),
    discounts: openSqliteDiscounts(log),
    bus,
    leadership,
    documents: timedDocumentStore(documents, telemetry),
    keys: timedKeyStore(keys, telemetry),
    cache,
    clock,
    telemetry,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
};
