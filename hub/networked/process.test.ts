import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { until } from '../harness/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PATHS = ['live', 'startup', 'ready'];

/** A port that nobody listens on. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
};

describe('a process of the networked profile', () => {
  const started: ChildProcess[] = [];
  const start = (env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, ['read-model/main.ts'], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.push(child);
    const said = { text: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.text += text));
    return { child, said };
  };
  afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

  it('refuses to start without its settings, and names all of them at once', async () => {
    const { child, said } = start({ HUB_PROFILE: 'networked' });
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 1);
    for (const setting of ['HUB_POSTGRES_URL', 'HUB_REDIS_URL', 'HUB_RABBITMQ_URL', 'HUB_MONGODB_URL', 'HUB_MASTER_KEY_FILE'])
      assert.match(said.text, new RegExp(setting));
    assert.match(said.text, /HUB_SIGNING_KEY_FILE/);
    assert.match(said.text, /ERP_URL/);
    assert.doesNotMatch(said.text, /at .*\.ts:\d+/, 'no stack trace');
  }).timeout(30_000);

  it('waits for an engine that is not there: alive, not ready, and says which, where, why and what to do', async () => {
    const [engine, management] = [await freePort(), await freePort()];
    const { child } = start({
      HUB_PROFILE: 'networked',
      PORT: '0',
      HUB_MANAGEMENT_PORT: String(management),
      HUB_POSTGRES_URL: `postgres://hub:very-secret@127.0.0.1:${engine}/hub`,
      HUB_REDIS_URL: `redis://127.0.0.1:${engine}`,
      HUB_RABBITMQ_URL: `amqp://127.0.0.1:${engine}`,
      HUB_MONGODB_URL: `mongodb://127.0.0.1:${engine}`,
      HUB_MASTER_KEY: randomBytes(32).toString('base64'),
      HUB_SIGNING_KEY: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      ERP_URL: 'http://127.0.0.1:9',
    });
    const probe = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${management}/health/${path}`);
      return { status: response.status, text: await response.text() };
    };
    const { text } = await until(
      'the engine being named',
      () => probe('ready'),
      (answer) => answer.text.includes('postgresql:connection'),
    );
    assert.match(text, /PostgreSQL at postgres:\/\/hub:\*\*\*@127\.0\.0\.1:\d+\/hub: .*ECONNREFUSED/);
    assert.match(text, /is it running, and is the port in HUB_POSTGRES_URL right\?/);
    assert.doesNotMatch(text, /very-secret/);
    assert.deepEqual(await Promise.all(PATHS.map(async (path) => (await probe(path)).status)), [200, 503, 503]);
    assert.equal(child.exitCode, null);
  }).timeout(60_000);
});
