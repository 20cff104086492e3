import { execFile } from 'node:child_process';
import { chown, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface WalArchiveOptions {
  /** Folder of `pg_basebackup`. */
  readonly bin: string;
  /** Beside the server's data. */
  readonly folder: string;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** The write-ahead log of a server, kept whole, and a base backup: with both it can be put back to any moment after the backup. */
export class WalArchive {
  readonly #options: WalArchiveOptions;
  readonly #base: string;
  readonly #segments: string;

  constructor(options: WalArchiveOptions) {
    this.#options = options;
    this.#base = join(options.folder, 'base');
    this.#segments = join(options.folder, 'archive');
  }

  /** Of the server that is archived. */
  get settings(): readonly string[] {
    return ['archive_mode=on', `archive_command=cp %p ${this.#segments}/%f`];
  }

  async prepare(): Promise<void> {
    const { user } = this.#options;
    await mkdir(this.#segments);
    if (user) await chown(this.#segments, user.uid, user.gid);
  }

  /** As it is when it is done; the server goes on meanwhile. @param url with the right to replicate */
  async takeBase(url: string): Promise<void> {
    const { bin, user, folder } = this.#options;
    const args = ['--pgdata', this.#base, '--dbname', url, '--checkpoint=fast'];
    await promisify(execFile)(join(bin, 'pg_basebackup'), args, { ...user, cwd: folder });
  }

  /** In place of the data of a server that is gone. @returns its settings for the next start */
  async putBack(data: string, moment: string): Promise<readonly string[]> {
    await rm(data, { recursive: true });
    await cp(this.#base, data, { recursive: true, preserveTimestamps: true });
    await writeFile(join(data, 'recovery.signal'), '');
    await promisify(execFile)('chown', ['-R', '--reference', this.#segments, data]);
    return [`restore_command=cp ${this.#segments}/%f %p`, `recovery_target_time=${moment}`, 'recovery_target_action=promote'];
  }
}
