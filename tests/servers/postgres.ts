import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './local-server.ts';
import { createCluster, type ServerUser } from './postgres-cluster.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { WalArchive } from './wal-archive.ts';

export interface PostgresServer extends AsyncDisposable {
  /** Of the superuser, on the database `postgres`; nothing asks for a password. */
  readonly url: string;
  readonly version: string;
  /** Of the server that runs now; its sessions are its children. */
  pid(): number;
  /** Creates an empty database; returns its URL. */
  createDatabase(): Promise<string>;
  /** One statement on any database of the server, on a connection of its own. */
  query<Row extends pg.QueryResultRow>(url: string, sql: string, values?: unknown[]): Promise<Row[]>;
  /** What a schema of a database holds, by `pg_dump`. */
  dump(url: string, schema: string): Buffer;
  /** Puts it into another database, by `pg_restore`. */
  restore(url: string, dump: Buffer): void;
  /** As a machine does that loses power, but for the disk's cache. */
  kill(): Promise<void>;
  /** Ends sessions, then the server. */
  stop(): Promise<void>;
  isRunning(): boolean;
  /** Where it was, on what it had. */
  start(): Promise<void>;
  /** All that it holds, while it goes on; only of one that is archived. */
  takeBase(): Promise<void>;
  /** Loses its machine and comes back from the base and the archive as it was at a moment of its own clock, as text. */
  comeBack(moment: string): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT, to the server and all of its sessions. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Makes the next files of its write-ahead log now: a disk that runs full then does so under its tables, and sessions are told. */
  reserveLog(): Promise<void>;
  /** After {@link reserveLog}: ends those files, until none can be made and the server gives up; only on a disk that is full. */
  useUpLog(): Promise<void>;
  /** Of a server that was started on one. */
  readonly smallDisk: SmallDisk | undefined;
}

export interface PostgresServerOptions {
  /** Wait for the disk at each commit, and vacuum when the server would, as in production. Default false. */
  readonly durable?: boolean;
  /** Its data lie on a disk of so many MiB. Default: beside all else. */
  readonly smallDiskMiB?: number | undefined;
  /** Its write-ahead log is archived. Default false. */
  readonly archived?: boolean;
}

/** Of 16 MiB each; no more than `min_wal_size` are kept. */
const RESERVED_LOG_FILES = 4;
const SETTINGS = ['max_connections=200', 'logging_collector=off'];
/**
 * Tests end processes, not machines, and some are over before a first vacuum a minute later. Each look at one of many databases is a process, of which
 * the default lets there be three at a time.
 */
const FOR_TESTS = ['fsync=off', 'full_page_writes=off', 'autovacuum_naptime=20s', 'autovacuum_max_workers=1'];

/** Folder of these programs: on the path, or where Debian puts its newest. */
const folderOf = (...programs: readonly string[]): string | undefined => {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions.map((version) => join(debian, version, 'bin'))];
  return folders.find((folder) => programs.every((program) => existsSync(join(folder, program))));
};
const binaries = (): string | undefined => folderOf('initdb', 'postgres');

/** Why no server can be started here; `undefined` when one can. */
export const availability = (): string | undefined =>
  binaries() ? undefined : 'PostgreSQL is not installed (Debian: postgresql-15; initdb and postgres are looked for)';

/** The server refuses to run as root; then it runs as the user that Debian's package creates. */
const serverUser = (): ServerUser | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
};

/** A private PostgreSQL on a spare port, on 127.0.0.1 alone, in a temporary folder that goes when it is disposed. */
export const startPostgres = async ({
  durable = false,
  smallDiskMiB,
  archived = false,
}: PostgresServerOptions = {}): Promise<PostgresServer> => {
  const bin = binaries();
  if (!bin) throw new Error(availability());
  const user = serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'sagahub-postgres-'));
  const smallDisk = smallDiskMiB === undefined ? undefined : mountSmallDisk(folder, smallDiskMiB);
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  createCluster(bin, data, user);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const archive = archived ? new WalArchive({ bin: folderOf('pg_basebackup') ?? bin, folder, user }) : undefined;
  await archive?.prepare();
  const settings = [...SETTINGS, ...(durable ? [] : FOR_TESTS), ...(archive?.settings ?? [])];
  let recovery: readonly string[] = [];
  let child: ChildProcess | undefined;
  let databases = 0;

  const start = async (): Promise<void> => {
    const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`];
    const started = spawn(join(bin, 'postgres'), [...args, ...[...settings, ...recovery].flatMap((setting) => ['-c', setting])], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    let said = '';
    started.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
    for (const giveUpAtMs = performance.now() + 30_000; !(await answers(url)); await sleep(20))
      if (started.exitCode !== null || performance.now() > giveUpAtMs) throw new Error(`PostgreSQL did not start: ${said}`);
  };
  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || !isRunning()) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    if (signal === 'SIGKILL') await gone(data);
  };
  const query: PostgresServer['query'] = async (of, sql, values) => {
    const client = new pg.Client({ connectionString: of });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  /** Kept from {@link PostgresServer.reserveLog} on: on a full disk sessions cannot always begin. */
  let session: pg.Client | undefined;
  const endLogFile = async (): Promise<void> => {
    await session!.query("SELECT pg_logical_emit_message(false, 'test', 'nothing is ended that is empty')");
    await session!.query('SELECT pg_switch_wal()');
  };

  await start();
  const [row] = await query<{ server_version: string }>(url, 'SHOW server_version');
  return {
    url,
    version: row?.server_version ?? 'unknown',
    pid: () => child!.pid!,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await query(url, `CREATE DATABASE ${name}`);
      return url.replace(/postgres$/, name);
    },
    query,
    dump: (of, schema) =>
      execFileSync(join(folderOf('pg_dump') ?? bin, 'pg_dump'), ['--format=custom', `--schema=${schema}`, of], { maxBuffer: 1e9 }),
    restore: (to, dump) =>
      void execFileSync(join(folderOf('pg_restore') ?? bin, 'pg_restore'), ['--exit-on-error', `--dbname=${to}`], { input: dump }),
    isRunning,
    start,
    stop: () => end('SIGINT'), // "fast" shutdown
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGINT');
      await start();
    },
    async takeBase() {
      if (!archive) throw new Error('the server was started without an archive');
      await archive.takeBase(url);
    },
    async comeBack(moment) {
      if (!archive) throw new Error('the server was started without an archive');
      const [ended] = await query<{ segment: string }>(url, 'SELECT pg_walfile_name(pg_switch_wal()) AS segment');
      const isThere = 'SELECT last_archived_wal >= $1 AS ended FROM pg_stat_archiver';
      while (!(await query<{ ended: boolean | null }>(url, isThere, [ended?.segment]))[0]?.ended) await sleep(20);
      await end('SIGKILL');
      recovery = await archive.putBack(data, moment);
      await start();
      while ((await query<{ recovers: boolean }>(url, 'SELECT pg_is_in_recovery() AS recovers'))[0]?.recovers) await sleep(20); // reads only
      recovery = [];
    },
    async reserveLog() {
      session = new pg.Client({ connectionString: url });
      session.on('error', () => undefined);
      await session.connect();
      for (let files = 0; files < RESERVED_LOG_FILES; files += 1) await endLogFile();
      await session.query('CHECKPOINT'); // makes the next out of them
    },
    async useUpLog() {
      if (!session) throw new Error('nothing was reserved');
      for (const giveUpAtMs = performance.now() + 30_000; isRunning(); await endLogFile().catch(() => sleep(20)))
        if (performance.now() > giveUpAtMs)
          throw new Error('PostgreSQL goes on although its log cannot: has the session of reserveLog ended?');
    },
    freeze: async () => signalAll(data, 'SIGSTOP'),
    thaw: async () => signalAll(data, 'SIGCONT'),
    smallDisk,
    async [Symbol.asyncDispose]() {
      await session?.end().catch(() => {}); // it may be long gone
      await end('SIGINT');
      smallDisk?.[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
};

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** The killed server's children leave by themselves, once they notice; a new one refuses to start before. */
const gone = async (data: string): Promise<void> => {
  while ((await processesOn(data)).length > 0) await sleep(20);
};

const signalAll = async (data: string, signal: NodeJS.Signals): Promise<void> => {
  for (const pid of await processesOn(data)) process.kill(pid, signal);
};

/** The server's and its sessions'. */
const processesOn = async (data: string): Promise<number[]> =>
  (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name) && servesFrom(name, data)).map(Number);

const servesFrom = (pid: string, data: string): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === data;
  } catch {
    return false;
  }
};
