import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HubProcess } from '../../harness/hub-process.ts';
import { main } from '../main.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/sagahub.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs `sagahub` as a user would, in a process of its own; never rejects. */
export const sagahub = (args: readonly string[], { env, stdin = '' }: RunOptions = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], { env: { ...process.env, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end(stdin);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });

/** The environment in which the command line finds a hub and the demo clients of its data folder. */
export const environmentOf = (hub: HubProcess): Readonly<Record<string, string>> => ({ HUB_DATA_DIR: hub.dataFolder, HUB_URL: hub.url });

/** `sagahub` beside a hub, in this process, which is quicker by a process each; one command after the other. */
export const beside = (hub: () => HubProcess) => {
  let last: Promise<unknown> = Promise.resolve();
  return (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const run = last.then(() => inThisProcess(args, { ...environmentOf(hub()), ...env }));
    last = run;
    return run;
  };
};

/** Not for commands that read standard input or wait for a signal. */
const inThisProcess = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> => {
  const before = { env: process.env, exitCode: process.exitCode, log: console.log, error: console.error };
  let [stdout, stderr] = ['', ''];
  process.env = { ...before.env, ...env };
  process.exitCode = undefined;
  console.log = (text: unknown) => (stdout += `${String(text)}\n`);
  console.error = (text: unknown) => (stderr += `${String(text)}\n`);
  try {
    await main(args);
    return { code: exitCode(), stdout, stderr };
  } finally {
    process.env = before.env;
    process.exitCode = before.exitCode;
    console.log = before.log;
    console.error = before.error;
  }
};

/** Asked anew: what the compiler saw set to nothing, a command has changed. */
const exitCode = (): number => Number(process.exitCode ?? 0);

/** Standard output of NDJSON. */
export const jsonLines = ({ stdout }: Ended): any[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
