import { resourceLimits, threadId } from 'node:worker_threads';
import type { DatabaseModule } from '../database-module.ts';

/** A tiny database for the writer's own tests. */
export const database = {
  migrations: [
    { sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT', compatibleFrom: 1 },
    { sql: 'CREATE TABLE totals (commits INTEGER NOT NULL) STRICT; INSERT INTO totals VALUES (0)', compatibleFrom: 2 },
  ],
  open: (db) => {
    const insert = db.prepare('INSERT INTO notes (text) VALUES (?)');
    const count = db.prepare('SELECT count(*) AS notes FROM notes');
    const all = db.prepare('SELECT text FROM notes ORDER BY id');
    const countCommit = db.prepare('UPDATE totals SET commits = commits + 1');
    const commits = db.prepare('SELECT commits FROM totals');
    let remembered = 0;
    return {
      operations: {
        add: (text: string) => {
          insert.run(text);
          remembered += 1;
          return (count.get() as { notes: number }).notes;
        },
        texts: () => (all.all() as { text: string }[]).map((row) => row.text),
        commits: () => (commits.get() as { commits: number }).commits,
        /** Notes added since the last rollback or opening. */
        remembered: () => remembered,
        thread: () => threadId,
        /** Most that its young objects may occupy. */
        youngMiB: () => resourceLimits.maxYoungGenerationSizeMb,
        die: () => process.exit(3),
      },
      beforeCommit: () => countCommit.run(),
      forget: () => {
        remembered = 0;
      },
    };
  },
} satisfies DatabaseModule;
export type NotesOperations = ReturnType<typeof database.open>['operations'];
