import { backup, DatabaseSync } from 'node:sqlite';
import { openReadConnection } from './connection.ts';

export interface CopyOptions {
  /** Default 2,048: 8 MiB between two reports. */
  readonly pagesPerStep?: number;
  /** In pages; not called for the last step. */
  readonly onProgress?: (copied: number, total: number) => void;
}

/**
 * Copies a database as of one moment while another process goes on writing it. The copy is one file that needs no write-ahead log.
 *
 * The transaction held open on the source is what makes it one moment: without it every commit of the writer would start the copying
 * anew, and under load it would never end.
 */
export const copyDatabase = async (from: string, to: string, { pagesPerStep = 2_048, onProgress }: CopyOptions = {}): Promise<void> => {
  const source = openReadConnection(from);
  try {
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_schema').get(); // the moment
    await backup(source, to, {
      rate: pagesPerStep,
      progress: ({ totalPages, remainingPages }) => onProgress?.(totalPages - remainingPages, totalPages),
    });
  } finally {
    source.close();
  }
  const copy = new DatabaseSync(to);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
};
