import assert from 'node:assert/strict';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { Service } from '@sagahub/contracts/service.ts';
import { publicUrlOf, readTls } from './config.ts';
import { configOf, openSite, tokenOf } from './testing/site.ts';

const orders: Service = {
  name: 'orders',
  routes: [
    {
      method: 'GET',
      path: '/api/v1/orders',
      scopes: ['orders:read'],
      operation: { operationId: 'listOrders', summary: 'Orders', tag: 'Orders', responses: { 200: { description: 'Orders' } } },
      handle: async ({ principal }) => ({ status: 200, body: { partnerId: principal?.partnerId } }),
    },
  ],
  managementRoutes: [
    {
      method: 'GET',
      path: '/stats',
      scopes: [],
      operation: { operationId: 'getStats', summary: 'Statistics', tag: 'management', responses: { 200: { description: 'Statistics' } } },
      handle: async () => ({ status: 200, body: {} }),
    },
  ],
  health: async () => [{ name: 'orders:intake', status: 'warn' }],
  [Symbol.asyncDispose]: async () => {},
};

describe('gateway', () => {
  it('serves and describes the routes of the services, bound to the caller’s partner', async () => {
    await using site = await openSite({ services: [orders] });
    const token = await tokenOf(site, 'acme', ['orders:read']);
    assert.deepEqual(await (await site.call('GET', '/api/v1/orders', { token })).json(), { partnerId: 'acme' });
    assert.match(await (await site.call('GET', '/openapi.json')).text(), /"listOrders"/);
    assert.equal((await site.call('GET', '/stats')).status, 404);
    assert.deepEqual(
      site.gateway.managementRoutes.map(({ path }) => path),
      ['/stats', '/health/live', '/health/startup', '/health/ready'],
    );
  });

  it('limits addresses without a token and partners with one, and says where each stands', async () => {
    await using site = await openSite({ services: [orders], env: { HUB_ANONYMOUS_RATE_LIMIT_PER_MINUTE: '3' } });
    const token = await tokenOf(site, 'acme', ['orders:read']);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await site.call('GET', '/api/v1/orders')).status);
    assert.deepEqual(statuses, [401, 401, 429, 429], 'one was used up by asking for the token');
    const allowed = await site.call('GET', '/api/v1/orders', { token });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get('ratelimit-policy'), '"partner";q=60000;w=60');
    assert.equal(allowed.headers.get('ratelimit'), '"partner";r=59999;t=60');
    assert.equal((await site.call('GET', '/health/live')).status, 200);
  });

  it('gathers the health of all services, and turns readiness when it is told to stop', async () => {
    await using site = await openSite({ services: [orders] });
    const ready = await site.call('GET', '/health/ready');
    assert.deepEqual([ready.status, ((await ready.json()) as Record<string, unknown>)['status']], [200, 'warn']);
    site.gateway.stopServing();
    assert.equal((await site.call('GET', '/health/ready')).status, 503);
    assert.equal((await site.call('GET', '/health/live')).status, 200);
  });

  it('answers no request of one partner with the quota of another', async () => {
    await using site = await openSite({ services: [orders], env: { HUB_PARTNER_RATE_LIMIT_PER_MINUTE: '1' } });
    const [acme, other] = [await tokenOf(site, 'acme', ['orders:read']), await tokenOf(site, 'other', ['orders:read'])];
    const statusOf = async (token: string) => (await site.call('GET', '/api/v1/orders', { token })).status;
    assert.deepEqual([await statusOf(acme), await statusOf(acme), await statusOf(other)], [200, 429, 200]);
  });
});

describe('gateway configuration', () => {
  it('makes the public URL from host and port unless it is given', () => {
    assert.equal(publicUrlOf(configOf()), 'http://127.0.0.1:8080');
    assert.equal(publicUrlOf(configOf({ HUB_HOST: '::1', PORT: '80', HUB_TLS_CERT_FILE: 'x' })), 'https://[::1]:80');
    assert.equal(publicUrlOf(configOf({ HUB_PUBLIC_URL: 'https://hub.example/base/' })), 'https://hub.example/base');
  });

  it('wants certificate and key together, and readable', () => {
    assert.equal(readTls(configOf()), undefined);
    assert.throws(() => readTls(configOf({ HUB_TLS_CERT_FILE: 'a.pem' })), ConfigurationError);
    assert.throws(() => readTls(configOf({ HUB_TLS_CERT_FILE: '/nowhere/a', HUB_TLS_KEY_FILE: '/nowhere/b' })), /nowhere/);
  });

  it('reports every wrong value at once', () => {
    assert.throws(
      () => configOf({ PORT: '99999', HUB_TOKEN_LIFETIME: 'soon', HUB_PUBLIC_URL: 'nonsense' }),
      (error: ConfigurationError) => error.problems.length === 3,
    );
  });
});
