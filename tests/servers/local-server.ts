import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server started for one test file, on ports and with data of its own; disposing stops it and removes its data. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now; a restart changes it. */
  pid(): number;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data; stops it first when it runs. Resolves when it answers. */
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
}

export interface LocalServerOptions {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Removed at the end. */
  readonly folder: string;
  /** Throws or answers false while it is not ready. Default: the port takes connections. */
  readonly ready?: () => Promise<boolean>;
  /** Default 60,000. */
  readonly startWithinMs?: number;
}

/** Can a command be run here? */
export const hasCommand = (name: string): boolean => spawnSync('sh', ['-c', `command -v "${name}"`], { stdio: 'ignore' }).status === 0;

export const temporaryFolder = (name: string): string => mkdtempSync(join(tmpdir(), `sagahub-${name}-`));

/** Below the range that systems take for outgoing connections (32768 and up on Linux): there, anybody could have it before it is listened on. */
const [LOWEST_PORT, HIGHEST_PORT] = [15_000, 32_000];
const PORTS_A_SLICE = 100;
/** Of slices that are this process's. */
const left: number[] = [];

/**
 * A port that nobody uses, that no other test process is given before it is listened on, however long that takes, and that stays free while a
 * server on it is restarted.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = left.pop();
    if (port === undefined) left.push(...(await ownSlice()));
    else if (await isFree(port)) return port;
  }
};

/** Whoever listens on the first port of a slice has the others, until its process ends. */
const ownSlice = async (): Promise<readonly number[]> => {
  for (;;) {
    const first = LOWEST_PORT + PORTS_A_SLICE * randomInt((HIGHEST_PORT - LOWEST_PORT) / PORTS_A_SLICE);
    const server = await listening(first);
    if (!server) continue;
    server.unref();
    return Array.from({ length: PORTS_A_SLICE - 1 }, (_, index) => first + 1 + index);
  }
};

const isFree = async (port: number): Promise<boolean> => {
  const server = await listening(port);
  if (server) await new Promise((closed) => server.close(closed));
  return server !== undefined;
};

const listening = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

export const startLocalServer = async (options: LocalServerOptions): Promise<LocalServer> => {
  const { name, port, url, folder, startWithinMs = 60_000 } = options;
  const ready = options.ready ?? (() => takesConnections(port));
  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();
  let said = '';

  const start = async (): Promise<void> => {
    said = '';
    const started = spawn(options.command, [...options.args], { env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const listen = (chunk: string): void => void (said = (said + chunk).slice(-8_000));
    started.stdout.setEncoding('utf8').on('data', listen);
    started.stderr.setEncoding('utf8').on('data', listen);
    child = started;
    exited = new Promise<void>((resolve) => {
      started.once('error', (error) => (listen(String(error)), resolve()));
      started.once('exit', () => resolve());
    }).then(() => void (child = undefined));
    for (const giveUpAtMs = performance.now() + startWithinMs; !(await ready().catch(() => false)); ) {
      if (!child) throw new Error(`${name} ended while starting: ${said}`);
      if (performance.now() > giveUpAtMs) throw new Error(`${name} was not ready within ${startWithinMs} ms: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child?.kill(signal);
    await exited;
  };
  const killAtExit = (): void => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', killAtExit);
  const dispose = async (): Promise<void> => {
    await end('SIGKILL'); // its data goes anyway
    process.off('exit', killAtExit);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url,
    port,
    pid: () => pidOf(name, child),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      await start();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    [Symbol.asyncDispose]: dispose,
  };
};

const pidOf = (name: string, child: ChildProcess | undefined): number => {
  if (child?.pid === undefined) throw new Error(`${name} does not run`);
  return child.pid;
};

const takesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
