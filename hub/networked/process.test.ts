import assert from 'node:assert/strict';
import { once } from 'node:events';
import { until } from '../harness/until.ts';
import { freePort } from '../../tests/servers/local-server.ts';
import { secrets, SpawnedProcess } from './testing/spawned-process.ts';

describe('a process of the networked profile', () => {
  it('refuses to start without its settings, and names all of them at once', async () => {
    await using started = await SpawnedProcess.start('read-model', { HUB_PROFILE: 'networked' });
    const [code] = (await once(started.child, 'close')) as [number];
    assert.equal(code, 1);
    for (const setting of ['HUB_POSTGRES_URL', 'HUB_REDIS_URL', 'HUB_RABBITMQ_URL', 'HUB_MONGODB_URL', 'HUB_MASTER_KEY_FILE'])
      assert.match(started.said, new RegExp(setting));
    assert.match(started.said, /HUB_SIGNING_KEY_FILE/);
    assert.match(started.said, /ERP_URL/);
    assert.doesNotMatch(started.said, /at .*\.ts:\d+/, 'no stack trace');
  });

  it('waits for an engine that is not there: alive, not ready, and says which, where, why and what to do', async () => {
    const port = await freePort();
    await using started = await SpawnedProcess.start('read-model', {
      ...secrets(),
      HUB_POSTGRES_URL: `postgres://hub:very-secret@127.0.0.1:${port}/hub`,
      HUB_REDIS_URL: `redis://127.0.0.1:${port}`,
      HUB_RABBITMQ_URL: `amqp://127.0.0.1:${port}`,
      HUB_MONGODB_URL: `mongodb://127.0.0.1:${port}`,
    });
    const { text } = await until(
      'the engine being named',
      () => started.probe('ready'),
      (answer) => answer.text.includes('postgresql:connection'),
    );
    assert.match(text, /PostgreSQL at postgres:\/\/hub:\*\*\*@127\.0\.0\.1:\d+\/hub: .*ECONNREFUSED/);
    assert.match(text, /is it running, and is the port in HUB_POSTGRES_URL right\?/);
    assert.doesNotMatch(text, /very-secret/);
    assert.deepEqual(await started.statuses(), [200, 503, 503]);
    assert.equal(started.child.exitCode, null);
    const ended = once(started.child, 'exit');
    started.child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], 'nothing is in hand, so it ends at once');
  });
});
