import type { DatabaseModule } from './database-module.ts';
import { logAppends } from './log-appends.ts';
import { logDiscounts } from './log-discounts.ts';
import { logOpenWork } from './log-open-work.ts';
import { LOG_MIGRATIONS } from './log-schema.ts';
import { logStock } from './log-stock.ts';

/** `log.db` as its writer thread sees it: the log, and what shares its transactions. */
export const database = {
  migrations: LOG_MIGRATIONS,
  open: (db) => {
    const appends = logAppends(db);
    const stock = logStock(db);
    const discounts = logDiscounts(db);
    return {
      operations: { ...appends.operations, ...stock.operations, ...discounts.operations, ...logOpenWork(db).operations },
      beforeCommit: () => {
        stock.beforeCommit();
        discounts.beforeCommit();
      },
      forget: () => {
        appends.forget();
        stock.forget();
        discounts.forget();
      },
    };
  },
} satisfies DatabaseModule;

export type LogOperations = ReturnType<typeof database.open>['operations'];
