import type { DataFolder } from '@sagahub/adapters/process/data-folder.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { readCliConfig } from './settings.ts';

/** What is printed. */
export interface RebuiltHolds {
  /** Set where they were folded here and now. */
  readonly holds?: number;
  readonly text: string;
}

/** Longer than a leader that was killed keeps its lead. */
const TAKEOVER_MS = 6_000;

/**
 * Stock and discounts anew from the log, with every process stopped: what a running hub reserves between reading and writing would be lost.
 * On the networked profile open work as well.
 * @throws CommandError, DataFolderInUseError a hub runs on it
 */
export const rebuildHoldsOffline = async (dataDir: string | undefined): Promise<RebuiltHolds> => {
  const config = readCliConfig();
  if (dataDir === undefined && config.profile === 'networked') return forgetNetworked(config.postgresUrl);
  const { openDataFolder } = await import('@sagahub/adapters/process/data-folder.ts');
  using folder = openDataFolder(dataDir ?? config.dataDir);
  return foldEmbedded(folder);
};

const foldEmbedded = async (folder: DataFolder): Promise<RebuiltHolds> => {
  const { existsSync } = await import('node:fs');
  const { LOG_FILE } = await import('../embedded-ports.ts');
  const path = folder.file(LOG_FILE);
  if (!existsSync(path)) throw new CommandError(EXIT.usage, `there is no hub's data in ${folder.path}`);
  const { openLogDatabase } = await import('@sagahub/adapters/sqlite/log.ts');
  const { openSqliteEventStore } = await import('@sagahub/adapters/sqlite/event-store.ts');
  const { openSqliteStock } = await import('@sagahub/adapters/sqlite/stock.ts');
  const { openSqliteDiscounts } = await import('@sagahub/adapters/sqlite/discounts.ts');
  const { systemClock } = await import('@sagahub/adapters/process/clock.ts');
  const { rebuildHolds } = await import('@sagahub/orchestration-service/inventory/rebuild.ts');
  await using log = await openLogDatabase(path);
  await using store = await openSqliteEventStore(log, { clock: systemClock() });
  const { holds, skus, codes, refused } = await rebuildHolds({ store, stock: openSqliteStock(log), discounts: openSqliteDiscounts(log) });
  if (refused.length > 0)
    throw new CommandError(EXIT.failed, `${refused.length} orders hold more than was ever loaded, the first of them ${refused[0]}`);
  return { holds, text: `${skus} SKUs and ${codes} codes with ${holds} holds, as the log has them` };
};

/** Whoever leads the relay works: so nobody does while the lead is here. */
const forgetNetworked = async (url: string | undefined): Promise<RebuiltHolds> => {
  if (url === undefined) throw new CommandError(EXIT.usage, 'set HUB_POSTGRES_URL');
  const { systemClock } = await import('@sagahub/adapters/process/clock.ts');
  const { openHubDatabase } = await import('@sagahub/adapters/postgres/hub-database.ts');
  const { openHoldsOrigin } = await import('@sagahub/adapters/postgres/holds-origin.ts');
  const { openPostgresLeadership } = await import('@sagahub/adapters/postgres/leadership.ts');
  const clock = systemClock();
  await using database = await openHubDatabase({ url, setting: 'HUB_POSTGRES_URL' });
  await using leadership = openPostgresLeadership(database, { clock });
  const { promise, resolve, reject } = Promise.withResolvers<true>();
  const waited = new AbortController();
  const candidacy = leadership.lead('relay', () =>
    openHoldsOrigin(database)
      .forget()
      .then(() => resolve(true), reject),
  );
  const isForgotten = await Promise.race([promise, clock.sleep(TAKEOVER_MS, waited.signal)]).finally(() => waited.abort());
  await candidacy[Symbol.asyncDispose]();
  if (isForgotten !== true) throw new CommandError(EXIT.refused, 'a hub works on this database: stop every process first');
  return { text: 'stock, discounts and open work are folded from the log when orchestration-service starts' };
};
