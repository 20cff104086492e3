import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../source-files.ts';

export interface ExampleRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a file of `docs/examples` as a reader would. Never rejects. */
export const runExample = (file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<ExampleRun> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'docs', 'examples', file), ...args], { env: { ...process.env, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
