import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeEvent } from '@sagahub/contracts/event-codec.ts';

/** What a crash left on disk, looked at in a copy: reading the databases themselves would mend them before the hub does. */
export class CrashScene implements AsyncDisposable {
  readonly #folder: string;
  readonly #log: DatabaseSync;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#log = new DatabaseSync(join(folder, 'log.db'));
  }

  static async of(dataFolder: string): Promise<CrashScene> {
    const folder = await mkdtemp(join(tmpdir(), 'sagahub-scene-'));
    await cp(dataFolder, folder, { recursive: true });
    return new CrashScene(folder);
  }

  /** Types of the events of all streams whose name begins so, in the order of the log. */
  typesOf(streams: string): string[] {
    return this.#rows('SELECT bytes FROM events JOIN streams ON key = stream WHERE name GLOB ? ORDER BY position', `${streams}*`).map(
      ({ bytes }) => decodeEvent(String(bytes)).type,
    );
  }

  stock(sku: string): { readonly free: string; readonly held: string } | undefined {
    const [row] = this.#rows('SELECT free, held FROM stock WHERE sku = ?', sku);
    return row && { free: String(row['free']), held: String(row['held']) };
  }

  /** Streams with open work, as far as it had reached the disk. */
  get openWork(): readonly string[] {
    return this.#rows('SELECT stream FROM open_work').map(({ stream }) => String(stream));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #rows(sql: string, ...values: readonly string[]) {
    return this.#log.prepare(sql).all(...values);
  }
}
