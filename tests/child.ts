import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Child {
  /** Exit code; -1 after a signal. */
  readonly exited: Promise<number>;
  /** Ends it and whatever it started. */
  kill(): void;
}

/** Runs a package's command under this Node, whatever the machine's is, and without a shell. */
export const runCommand = (
  cwd: string,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  print: (text: string) => void,
): Child => {
  const child = spawn(process.execPath, [scriptOf(name), ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  child.stdout.setEncoding('utf8').on('data', print);
  child.stderr.setEncoding('utf8').on('data', print);
  const kill = (): void => {
    try {
      if (child.pid) process.kill(-child.pid, 'SIGKILL'); // its process group: hubs that tests started die with it
    } catch {
      child.kill('SIGKILL');
    }
  };
  running.add(kill);
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  }).finally(() => running.delete(kill));
  return { exited, kill };
};

/** The file behind a package's command of the same name (some packages do not export it). */
const scriptOf = (name: string): string => {
  const manifest = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: string | Record<string, string> };
  const script = typeof bin === 'string' ? bin : Object.values(bin)[0];
  if (!script) throw new Error(`${name} has no command`);
  return join(dirname(manifest), script);
};

const running = new Set<() => void>();
const ended = new AbortController();
/** Whoever limits the time of a run waits this long for what it knows. */
const LAST_WORDS_MS = 8_000;
/** Aborted when the run is told to end, by Ctrl-C or by whoever limits its time: what runs has been killed, and what is known is still told. */
export const toldToEnd: AbortSignal = ended.signal;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (ended.signal.aborted) process.exit(1);
    ended.abort(new Error(`the run was told to end (${signal})`));
    for (const kill of running) kill();
    setTimeout(() => process.exit(1), LAST_WORDS_MS).unref();
  });
