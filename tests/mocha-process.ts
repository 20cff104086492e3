import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { runCommand, toldToEnd } from './child.ts';
import type { Outcome } from './tasks.ts';

/** Longer than any group may take beside the others on the slowest machine: a hang must not eat the whole CI run. */
const LIMIT_MS = 25 * 60_000;
/** A process that is done and does not end has leaked a timer, a socket or a worker. */
const LEAK_MS = 15_000;

/** Of what a process printed that ended before it reported; in characters. */
const OUTPUT_SHOWN = 3_000;

type Result = Required<Outcome>;

/** One mocha process over some files. What it leaves open is a failure of its own. */
export const runGroup = async (
  root: string,
  files: readonly string[],
  options: readonly string[],
  env: NodeJS.ProcessEnv,
  print: (text: string) => void,
): Promise<Outcome> => {
  const resultFile = env['HUB_TEST_RESULT'] ?? '';
  let output = '';
  const child = runCommand(root, 'mocha', [process.stdout.isTTY ? '--color' : '--no-color', ...options, ...files], env, (text) => {
    output = (output + text).slice(-OUTPUT_SHOWN);
    print(text);
  });
  let killedBecause: string | undefined;
  const kill = (reason: string): void => {
    killedBecause ??= reason;
    child.kill();
  };
  const limit = setTimeout(() => kill(`still running after ${LIMIT_MS / 60_000} minutes`), LIMIT_MS);
  let doneSinceMs: number | undefined;
  const watch = setInterval(() => {
    if (!existsSync(resultFile)) return;
    doneSinceMs ??= performance.now();
    if (performance.now() - doneSinceMs > LEAK_MS) kill('all tests ended, but a timer, socket or worker was left open');
  }, 500);
  const code = await child.exited;
  clearTimeout(limit);
  clearInterval(watch);

  const isDone = existsSync(resultFile);
  const result = await resultIn(isDone ? resultFile : `${resultFile}.so-far`);
  const where = `${files.length === 1 ? files[0] : `${files[0]} and ${files.length - 1} more files`}`;
  const failed = [...(result?.failed ?? [])];
  const fail = (what: string): void => void failed.push({ title: `${where}: ${what}`, reason: output });
  if (killedBecause) fail(killedBecause);
  else if (toldToEnd.aborted) fail((toldToEnd.reason as Error).message);
  else if (!isDone) fail(`mocha ended with code ${code} before it reported`);
  else if (code !== 0 && failed.length === 0) fail(`mocha ended with code ${code}`);
  return { passed: result?.passed ?? 0, failed, skipped: result?.skipped ?? [], suites: result?.suites ?? [] };
};

const resultIn = async (file: string): Promise<Result | undefined> =>
  existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Result) : undefined;
