import type { DatabaseSync } from 'node:sqlite';

/** Checkpoint, then stream, revision and rows (JSON; `null` = none any more) in turn. */
export type SaveWorkCall = readonly [checkpoint: string, ...streams: (string | number | null)[]];

/** Open work, in the writer thread: only a copy of what the main thread holds, so that a restart need not replay the whole log. */
export const logOpenWork = (db: DatabaseSync) => {
  const upsert = db.prepare(
    'INSERT INTO open_work (stream, revision, items) VALUES (?, ?, ?) ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, items = excluded.items',
  );
  const remove = db.prepare('DELETE FROM open_work WHERE stream = ?');
  const moveCheckpoint = db.prepare('UPDATE open_work_checkpoint SET position = ?');
  return {
    operations: {
      saveOpenWork: (call: SaveWorkCall): void => {
        for (let at = 1; at < call.length; at += 3) {
          const stream = call[at] as string;
          const rows = call[at + 2] as string | null;
          if (rows === null) remove.run(stream);
          else upsert.run(stream, call[at + 1] as number, rows);
        }
        moveCheckpoint.run(call[0]);
      },
      clearOpenWork: (): void => {
        db.exec('DELETE FROM open_work');
        moveCheckpoint.run('0');
      },
    },
  };
};
