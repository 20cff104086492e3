import type { DatabaseModule } from './database-module.ts';
import { logAppends } from './log-appends.ts';
import { LOG_MIGRATIONS } from './log-schema.ts';

/** `log.db` as its writer thread sees it: the log, and what must be durable together with it. */
export const database = {
  migrations: LOG_MIGRATIONS,
  open: (db) => {
    const appends = logAppends(db);
    return {
      operations: { ...appends.operations },
      forget: () => {
        appends.forget();
      },
    };
  },
} satisfies DatabaseModule;

export type LogOperations = ReturnType<typeof database.open>['operations'];
