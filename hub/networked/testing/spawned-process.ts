import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { freePort } from '../../../tests/servers/local-server.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** What every process of the networked profile needs beside its engines. */
export const secrets = (): Readonly<Record<string, string>> => ({
  HUB_PROFILE: 'networked',
  HUB_MASTER_KEY: randomBytes(32).toString('base64'),
  HUB_SIGNING_KEY: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ERP_URL: 'http://127.0.0.1:9',
});

/** A process that may never become ready, looked at through its management port alone. Disposing kills it. */
export class SpawnedProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** On standard error. */
  said = '';
  readonly #managementPort: number;

  private constructor(child: ChildProcess, managementPort: number) {
    this.child = child;
    this.#managementPort = managementPort;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said += text));
  }

  static async start(name: string, env: Readonly<Record<string, string>>): Promise<SpawnedProcess> {
    const port = await freePort();
    const child = spawn(process.execPath, [`${name}/main.ts`], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], PORT: '0', HUB_MANAGEMENT_PORT: String(port), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return new SpawnedProcess(child, port);
  }

  async probe(name: 'live' | 'startup' | 'ready'): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#managementPort}/health/${name}`);
    return { status: response.status, text: await response.text() };
  }

  /** Of live, startup and ready. */
  statuses(): Promise<readonly number[]> {
    return Promise.all((['live', 'startup', 'ready'] as const).map(async (name) => (await this.probe(name)).status));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
