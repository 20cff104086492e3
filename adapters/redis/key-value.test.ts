import assert from 'node:assert/strict';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { randomId } from '@sagahub/contracts/ids.ts';
import { keyValueContract } from '@sagahub/contracts/ports/key-value.contract.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { Redis } from 'ioredis';
import { availability, type RedisServer, startRedis } from '../../tests/servers/redis.ts';
import { startTcpProxy } from '../../tests/servers/tcp-proxy.ts';
import { TEST_CERTIFICATE } from '../http/testing/certificate.ts';
import { systemClock } from '../process/clock.ts';
import { openRedisKeyValue, type RedisKeyValueOptions } from './key-value.ts';

const LONG_MS = 600_000;
const PASSWORD = 'p@ss:word/1';

describe('Redis', () => {
  let server: RedisServer;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startRedis({ password: PASSWORD });
  });
  after(() => server?.[Symbol.asyncDispose]());

  const clock = systemClock();
  const open = (options: Partial<RedisKeyValueOptions> = {}) =>
    openRedisKeyValue({ url: server.url, prefix: `${randomId()}:`, clock, logger: silentTelemetry.logger, ...options });
  const works = async (store: Awaited<ReturnType<typeof open>>) => (await store.health()).status === 'pass';

  keyValueContract('Redis', async () => {
    const store = await open();
    return {
      store,
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 5)),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  });

  it('gives every entry an expiry, counters included, and shares them with other processes', async () => {
    const prefix = `${randomId()}:`;
    await using one = await open({ prefix });
    await using two = await open({ prefix });
    await one.set('set', 'x', LONG_MS);
    await one.setIfAbsent('absent', 'x', LONG_MS);
    await one.increment('count', 1, LONG_MS);
    assert.equal((await two.increment('count', 2, 1)).value, 3);
    const redis = new Redis(server.url);
    for (const key of ['set', 'absent', 'count']) assert.ok((await redis.pttl(prefix + key)) > 1_000, key);
    redis.disconnect();
  });

  it('counts in fractions, as the limits that share a quota do', async () => {
    await using store = await open();
    await store.increment('count', 0.5, LONG_MS);
    assert.equal((await store.increment('count', 1.25, LONG_MS)).value, 1.75);
  });

  it('tells a call that can never succeed from an engine that is away', async () => {
    await using store = await open();
    await store.set('text', 'no number', LONG_MS);
    await assert.rejects(
      store.increment('text', 1, LONG_MS),
      (error: Error) => !(error instanceof UnavailableError) && /not a valid float/.test(error.message),
    );
  });

  it('works on after Redis was emptied, its scripts included', async () => {
    await using store = await open();
    await store.increment('count', 7, LONG_MS);
    const redis = new Redis(server.url);
    await redis.flushall();
    await redis.script('FLUSH');
    redis.disconnect();
    assert.equal(await store.get('count'), undefined);
    assert.equal((await store.increment('count', 1, LONG_MS)).value, 1);
  });

  it('fails at once while Redis is away, and works again once it is back', async () => {
    await using away = await startRedis();
    await using store = await open({ url: away.url });
    await store.set('kept', 'x', LONG_MS);
    await away.stop();
    await eventually('it is noticed', async () => !(await works(store)));
    const startedMs = performance.now();
    await assert.rejects(store.get('kept'), (error) => error instanceof UnavailableError && error.code === 'HUB_ENGINE_UNAVAILABLE');
    assert.ok(performance.now() - startedMs < 500, 'nothing is queued for an engine that is away');
    assert.equal((await store.health()).status, 'warn');
    await away.restart();
    await eventually('it is back', () => works(store));
    assert.equal(await store.get('kept'), 'x');
  });

  it('counts nothing twice when the connection breaks under a call', async () => {
    await using proxy = await startTcpProxy(server.port);
    await using store = await open({ url: server.url.replace(String(server.port), String(proxy.port)) });
    let counted = 0;
    for (let cuts = 0; cuts < 5; cuts++) {
      await store.increment('count', 1, LONG_MS);
      const calls = Array.from({ length: 9 }, () => store.increment('count', 1, LONG_MS));
      proxy.cut();
      counted += 1 + (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled').length;
      await eventually('it is back', () => works(store));
    }
    const { value } = await store.increment('count', 0, LONG_MS);
    assert.ok(value >= counted && value <= 50, `${counted} were told, ${value} were counted`);
  });

  it('notices a silently dead connection by the first call and makes a new one', async () => {
    await using proxy = await startTcpProxy(server.port);
    await using store = await open({ url: server.url.replace(String(server.port), String(proxy.port)), timeoutMs: 100 });
    await store.set('k', 'x', LONG_MS);
    proxy.silence();
    await assert.rejects(store.get('k'), UnavailableError);
    proxy.heal();
    await eventually('a new connection is made', () => works(store));
    assert.equal(await store.get('k'), 'x');
    assert.ok(proxy.connections >= 2);
  });

  it('speaks TLS by the scheme of its URL, and says what to do about a certificate nobody trusts', async () => {
    const reasons: (string | undefined)[] = [];
    await using store = await open({ url: server.tlsUrl, startWithinMs: 200, onWaiting: (reason) => reasons.push(reason) });
    await assert.rejects(store.get('k'), UnavailableError);
    assert.match(String(reasons[0]), /NODE_EXTRA_CA_CERTS/);
    const trusted = getCACertificates();
    try {
      setDefaultCACertificates([...trusted, TEST_CERTIFICATE.cert]);
      await eventually('the certificate is trusted', () => works(store));
    } finally {
      setDefaultCACertificates(trusted);
    }
  });

  it('starts without Redis, says why, and never shows the password', async () => {
    const reasons: (string | undefined)[] = [];
    const url = `redis://hub:${encodeURIComponent('wrong-secret')}@127.0.0.1:${server.port}`;
    await using store = await open({ url, startWithinMs: 200, onWaiting: (reason) => reasons.push(reason) });
    const { status, output } = await store.health();
    assert.equal(status, 'warn');
    assert.match(
      String(reasons[0]),
      /^Redis at redis:\/\/hub:\*\*\*@127\.0\.0\.1.*WRONGPASS.*correct the user and password in HUB_REDIS_URL$/,
    );
    assert.doesNotMatch([...reasons, output].join(), /wrong-secret/);
  });

  it('refuses a URL of something else', async () => {
    await assert.rejects(
      open({ url: 'http://hub:secret@localhost' }),
      (error) => error instanceof ConfigurationError && !error.message.includes('secret'),
    );
  });
});
