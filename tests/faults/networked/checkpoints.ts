import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, MongoClient } from 'mongodb';
import type { NetworkedSite } from './site.ts';

const LOOK_EVERY_MS = 50;

/** What MongoDB holds of whoever follows the log, by name and generation. */
export class StoredCheckpoints implements AsyncDisposable {
  readonly #client: MongoClient;
  readonly #entries: Collection<Entry>;

  private constructor(client: MongoClient, entries: Collection<Entry>) {
    this.#client = client;
    this.#entries = entries;
  }

  static async open(mongodbUrl: string): Promise<StoredCheckpoints> {
    const client = await MongoClient.connect(mongodbUrl);
    const collections = await client.db().listCollections({}, { nameOnly: true }).toArray();
    const name = collections.find((one) => /^hub\.\w+$/.test(one.name))?.name;
    if (name === undefined) throw new Error('MongoDB holds no checkpoints');
    return new StoredCheckpoints(client, client.db().collection(name));
  }

  async read(): Promise<ReadonlyMap<string, bigint>> {
    const found = this.#entries.find({ position: { $exists: true } }).project<Entry>({ position: 1 });
    return new Map((await found.toArray()).map(({ _id, position }) => [_id, BigInt(position)]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close();
  }
}

interface Entry {
  readonly _id: string;
  readonly position: string;
}

/** Looks at every checkpoint, again and again: of the relay in PostgreSQL, of all others in MongoDB. None may ever move back. */
export class CheckpointWatch implements AsyncDisposable {
  readonly movedBack: string[] = [];
  readonly seen = new Map<string, bigint>();
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;

  constructor({ engines: { postgres }, urls }: NetworkedSite) {
    const owner = urls.HUB_POSTGRES_URL.replace('service@', 'postgres@');
    this.#watching = this.#watch(urls.HUB_MONGODB_URL, async () => {
      const sql = 'SELECT position FROM sagahub.open_work_checkpoint ORDER BY position DESC LIMIT 1';
      return BigInt((await postgres.query<{ position: string }>(owner, sql))[0]?.position ?? 0);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(mongodbUrl: string, relay: () => Promise<bigint>): Promise<void> {
    await using checkpoints = await StoredCheckpoints.open(mongodbUrl);
    while (!this.#stop.signal.aborted) {
      this.#look('relay', await relay());
      for (const [name, position] of await checkpoints.read()) this.#look(name, position);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #look(name: string, position: bigint): void {
    const before = this.seen.get(name) ?? 0n;
    if (position < before) this.movedBack.push(`${name} went from ${before} back to ${position}`);
    this.seen.set(name, position);
  }
}
