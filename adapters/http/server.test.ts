import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import { type ConfigurationError, ConflictError, UnauthenticatedError } from '@sagahub/contracts/errors.ts';
import type { Authenticator, Principal, Scope } from '@sagahub/contracts/ports/identity.ts';
import type { RateVerdict, RequestLimiter } from '@sagahub/contracts/ports/rate-limiter.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { openHttpClient } from './client.ts';
import { TEST_CERTIFICATE } from './testing/certificate.ts';
import { routeOf, serve } from './testing/served.ts';

const ok = async () => ({ status: 200, body: { ok: true } });
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const principal = (...scopes: Scope[]): Principal => ({ clientId: 'c', partnerId: 'p', scopes: new Set(scopes), rateLimitPerMinute: 0 });
const authenticator = (known: Readonly<Record<string, Principal>>): Authenticator => ({
  authenticate: async (authorization) => {
    const found = known[authorization ?? ''];
    if (!found) throw new UnauthenticatedError(authorization === undefined ? 'missing' : 'invalid', 'not valid');
    return found;
  },
  identify: () => Promise.reject(new UnauthenticatedError('invalid', 'not valid')),
});

describe('HTTP server', () => {
  describe('routing', () => {
    it('gives a handler path parameters, query, headers, method and address', async () => {
      let seen: ApiRequest | undefined;
      await using server = await serve([
        routeOf('GET', '/things/:id', async (request) => {
          seen = request;
          return { status: 204 };
        }),
      ]);
      const response = await fetch(`${server.url}/things/a%20b?x=1&y=2&y=3&broken=%zz`, { headers: { 'X-Own': 'v' } });
      assert.equal(response.status, 204);
      assert.equal(seen?.params['id'], 'a b');
      assert.deepEqual({ ...seen?.query }, { x: '1', y: ['2', '3'], broken: '%zz' });
      assert.equal(seen?.headers['x-own'], 'v');
      assert.equal(seen?.method, 'GET');
      assert.equal(seen?.url, '/things/a%20b?x=1&y=2&y=3&broken=%zz');
      assert.equal(seen?.remoteAddress, '127.0.0.1');
      assert.equal(seen?.principal, undefined);
    });

    it('serves other routes from the moment it is given them', async () => {
      await using server = await serve([routeOf('GET', '/before', ok)]);
      server.serve([routeOf('GET', '/after', ok)]);
      const statuses = await Promise.all(['/before', '/after'].map(async (path) => (await fetch(server.url + path)).status));
      assert.deepEqual(statuses, [404, 200]);
    });

    it('answers 404 for a path that no service has, without repeating it', async () => {
      await using server = await serve([]);
      const response = await fetch(`${server.url}/%3Cscript%3E`);
      assert.equal(response.status, 404);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.doesNotMatch(await response.text(), /script/);
    });

    for (const path of ['/exact', '/with/:parameter']) {
      const url = path.replace(':parameter', 'value');
      it(`answers 405 with Allow for a method that ${path} has not`, async () => {
        await using server = await serve([routeOf('GET', path, ok), routeOf('POST', path, ok)]);
        const response = await fetch(server.url + url, { method: 'DELETE' });
        assert.equal(response.status, 405);
        assert.equal(response.headers.get('allow'), 'GET, POST, HEAD, OPTIONS');
      });
      it(`answers OPTIONS and HEAD on ${path}`, async () => {
        await using server = await serve([routeOf('GET', path, ok)]);
        const options = await fetch(server.url + url, { method: 'OPTIONS' });
        assert.equal(options.status, 204);
        assert.equal(options.headers.get('allow'), 'GET, HEAD, OPTIONS');
        const head = await fetch(server.url + url, { method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(head.headers.get('content-length'), String('{"ok":true}'.length));
        assert.equal(await head.text(), '');
      });
    }

    it('takes a trailing slash for the path without it', async () => {
      await using server = await serve([routeOf('GET', '/exact', ok)]);
      assert.equal((await fetch(`${server.url}/exact/`)).status, 200);
    });

    it('answers 400 for a path that is not validly percent-encoded', async () => {
      await using server = await serve([routeOf('GET', '/things/:id', ok)]);
      assert.equal((await fetch(`${server.url}/things/%zz`)).status, 400);
    });

    it('refuses to start with a route that is mounted twice, or that has scopes nobody checks', async () => {
      await assert.rejects(serve([routeOf('GET', '/a', ok), routeOf('GET', '/a', ok)]), /mounted twice/);
      await assert.rejects(serve([routeOf('GET', '/a', ok, { scopes: ['admin'] })]), /authenticates nobody/);
    });

    it('says which address is taken when it cannot start', async () => {
      await using server = await serve([]);
      await assert.rejects(serve([], { port: server.port }), (error: ConfigurationError) =>
        error.message.includes(`127.0.0.1:${server.port} is in use`),
      );
    });
  });

  describe('ids and traces', () => {
    const echo = routeOf('GET', '/', async ({ correlationId, requestId, traceparent }) => ({
      status: 200,
      body: { correlationId, requestId, traceparent },
    }));

    it('keeps harmless ids of the caller, gives them to the handler and echoes them', async () => {
      await using server = await serve([echo]);
      const response = await fetch(server.url, {
        headers: { 'X-Request-ID': 'req-1', 'X-Correlation-ID': 'PO_7.a', traceparent: TRACEPARENT },
      });
      assert.deepEqual(await response.json(), { correlationId: 'PO_7.a', requestId: 'req-1', traceparent: TRACEPARENT });
      assert.equal(response.headers.get('x-request-id'), 'req-1');
      assert.equal(response.headers.get('x-correlation-id'), 'PO_7.a');
    });

    it('replaces ids that could do harm, and a broken trace', async () => {
      await using server = await serve([echo]);
      const response = await fetch(server.url, {
        headers: { 'X-Request-ID': '<b>', 'X-Correlation-ID': 'x'.repeat(500), traceparent: '00-00-00-00' },
      });
      const body = (await response.json()) as Record<string, string>;
      assert.match(body['requestId'] ?? '', /^[\da-f-]{36}$/);
      assert.match(body['correlationId'] ?? '', /^[\da-f-]{36}$/);
      assert.equal(body['traceparent'], undefined);
    });

    it('opens a server span by route, and counts durations by method, route and status', async () => {
      await using server = await serve([routeOf('GET', '/orders/:id', ok)]);
      await fetch(`${server.url}/orders/1?secret=1`);
      await fetch(`${server.url}/orders/2`);
      await fetch(`${server.url}/nothing`);
      const { spans, durations } = server.telemetry;
      assert.equal(spans[0]?.name, 'GET /orders/:id');
      assert.equal(spans[0]?.attributes?.['url.path'], '/orders/1');
      assert.deepEqual(
        durations.map(({ attributes }) => Object.values(attributes).join(' ')),
        ['GET /orders/:id 200', 'GET /orders/:id 200', 'GET (none) 404'],
      );
      assert.equal(durations[0]?.attributes, durations[1]?.attributes, 'one attribute set per outcome');
    });
  });

  it('counts the requests of all servers of a process together', async () => {
    const telemetry = recordTelemetry();
    const counts: unknown[] = [];
    const counting = routeOf('GET', '/', async () => {
      const observe = telemetry.gauges.get('http.server.active_requests');
      counts.push(...(observe ? await observe() : []));
      return { status: 200 };
    });
    await using first = await serve([counting], { telemetry });
    await using second = await serve([routeOf('GET', '/', async () => ({ status: (await fetch(first.url)).status }))], { telemetry });
    assert.equal((await fetch(second.url)).status, 200);
    assert.deepEqual(counts, [[2]]);
  });

  it('serves TLS, and tells browsers to stay with it', async () => {
    await using server = await serve([routeOf('GET', '/', ok)], { tls: TEST_CERTIFICATE });
    await using client = openHttpClient({ ca: TEST_CERTIFICATE.cert });
    assert.match(server.url, /^https:/);
    const answer = await client.request({ method: 'GET', url: server.url, timeoutMs: 5_000 });
    assert.ok(answer.kind === 'answer' && answer.status === 200);
    assert.match(answer.headers['strict-transport-security'] ?? '', /^max-age=\d+/);
  });

  it('speaks TLS 1.3 and nothing older', async () => {
    await using server = await serve([routeOf('GET', '/', ok)], { tls: TEST_CERTIFICATE });
    const speak = async (version: 'TLSv1.2' | 'TLSv1.3') => {
      const { hostname: host, port } = new URL(server.url);
      const versions = { minVersion: version, maxVersion: version };
      const socket = connectTls({ host, port: Number(port), ca: TEST_CERTIFICATE.cert, ...versions });
      await once(socket, 'secureConnect');
      socket.destroy();
    };
    await speak('TLSv1.3');
    await assert.rejects(speak('TLSv1.2'), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  describe('answers', () => {
    it('sends an object as JSON, a string as text, bytes as they are, and lets a handler name the type', async () => {
      await using server = await serve([
        routeOf('GET', '/object', async () => ({ status: 200, body: { é: '€' } })),
        routeOf('GET', '/string', async () => ({ status: 200, body: '€' })),
        routeOf('GET', '/bytes', async () => ({ status: 200, headers: { 'Content-Type': 'image/png' }, body: Buffer.from([0, 255]) })),
        routeOf('GET', '/typed', async () => ({ status: 200, headers: { 'Content-Type': 'text/csv' }, body: 'a,b' })),
      ]);
      const get = async (path: string) => {
        const response = await fetch(server.url + path);
        return [response.headers.get('content-type'), Buffer.from(await response.arrayBuffer()).toString('latin1')];
      };
      assert.deepEqual(await get('/object'), ['application/json', Buffer.from('{"é":"€"}').toString('latin1')]);
      assert.deepEqual(await get('/string'), ['text/plain; charset=utf-8', Buffer.from('€').toString('latin1')]);
      assert.deepEqual(await get('/bytes'), ['image/png', '\u0000ÿ']);
      assert.deepEqual(await get('/typed'), ['text/csv', 'a,b']);
    });

    it('protects every answer, errors included, and lets a page bring its own policy', async () => {
      await using server = await serve([
        routeOf('GET', '/page', async () => ({
          status: 200,
          headers: { 'Content-Security-Policy': "default-src 'self'", 'Cache-Control': 'no-cache' },
          body: '',
        })),
      ]);
      const { headers } = await fetch(`${server.url}/nothing`);
      const expected = {
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': null,
        'x-powered-by': null,
        server: null,
        etag: null,
      };
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, headers.get(name)])), expected);
      const page = await fetch(`${server.url}/page`);
      assert.equal(page.headers.get('content-security-policy'), "default-src 'self'");
      assert.equal(page.headers.get('cache-control'), 'no-cache');
    });

    it('maps typed errors, and hides the rest behind a request id under which it is logged', async () => {
      await using server = await serve([
        routeOf('GET', '/conflict', async () => Promise.reject(new ConflictError('HUB_X', 'too late'))),
        routeOf('GET', '/bug', async () => Promise.reject(new Error('password is hunter2'))),
        routeOf('GET', '/header', async () => ({ status: 200, headers: { location: 'a\r\nset-cookie: b' } })),
      ]);
      assert.equal((await fetch(`${server.url}/conflict`)).status, 409);
      assert.equal(server.telemetry.errors.length, 0);
      const bug = await fetch(`${server.url}/bug`, { headers: { 'X-Request-ID': 'req-7' } });
      assert.equal(bug.status, 500);
      assert.doesNotMatch(await bug.text(), /hunter2/);
      const [logged] = server.telemetry.errors;
      assert.equal(logged?.fields['requestId'], 'req-7');
      assert.match(String(logged?.error), /hunter2/);
      const header = await fetch(`${server.url}/header`);
      assert.equal(header.status, 500);
      assert.equal(header.headers.get('set-cookie'), null);
    });
  });

  describe('tokens and limits', () => {
    const known = { 'Bearer writer': principal('orders:write'), 'Bearer reader': principal('orders:read') };
    const orders = routeOf('GET', '/orders', async ({ principal: who }) => ({ status: 200, body: { who: who?.clientId } }), {
      scopes: ['orders:write', 'admin'],
    });
    const get = (url: string, authorization?: string) => fetch(url, { headers: authorization ? { authorization } : {} });

    it('lets in who has any of the scopes, with 401 and 403 told apart', async () => {
      await using server = await serve([orders], { authenticator: authenticator(known) });
      const url = `${server.url}/orders`;
      assert.deepEqual(await (await get(url, 'Bearer writer')).json(), { who: 'c' });
      const forbidden = await get(url, 'Bearer reader');
      assert.equal(forbidden.status, 403);
      assert.match(forbidden.headers.get('www-authenticate') ?? '', /insufficient_scope.*scope="orders:write admin"/);
      const missing = await get(url);
      assert.equal(missing.status, 401);
      assert.equal(missing.headers.get('www-authenticate'), 'Bearer realm="sagahub"');
    });

    it('does not read a body before the token was found valid', async () => {
      let bodies = 0;
      const post = routeOf('POST', '/orders', async () => ((bodies += 1), { status: 202 }), {
        scopes: ['orders:write'],
        body: { types: { 'application/json': 'json' } },
      });
      await using server = await serve([post], { authenticator: authenticator(known) });
      const response = await fetch(`${server.url}/orders`, {
        method: 'POST',
        body: '{broken',
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(response.status, 401);
      assert.equal(bodies, 0);
    });

    const limiter = (allowed: Partial<Record<'partner' | 'anonymous', boolean>>): RequestLimiter & { readonly counted: string[] } => {
      const counted: string[] = [];
      const verdict = (policy: 'partner' | 'anonymous'): RateVerdict | undefined => {
        counted.push(policy);
        return allowed[policy] === undefined
          ? undefined
          : { allowed: allowed[policy], policy, quota: 100, windowMs: 60_000, remaining: allowed[policy] ? 99 : 0, resetMs: 12_345 };
      };
      return { counted, partner: () => verdict('partner'), anonymous: () => verdict('anonymous') };
    };

    it('sends RateLimit fields, and 429 with Retry-After once the quota is used up', async () => {
      await using free = await serve([orders], { authenticator: authenticator(known), limiter: limiter({ partner: true }) });
      const first = await get(`${free.url}/orders`, 'Bearer writer');
      assert.equal(first.status, 200);
      assert.equal(first.headers.get('ratelimit-policy'), '"partner";q=100;w=60');
      assert.equal(first.headers.get('ratelimit'), '"partner";r=99;t=13');
      await using full = await serve([orders], { authenticator: authenticator(known), limiter: limiter({ partner: false }) });
      const refused = await get(`${full.url}/orders`, 'Bearer writer');
      assert.equal(refused.status, 429);
      assert.equal(refused.headers.get('retry-after'), '13');
      assert.equal(refused.headers.get('ratelimit'), '"partner";r=0;t=13');
      assert.deepEqual(((await refused.json()) as Record<string, unknown>)['violated-policies'], ['partner']);
    });

    it('counts each request once: by partner with a valid token, by address without, health not at all', async () => {
      const counting = limiter({});
      const health = routeOf('GET', '/health/live', ok, { unlimited: true });
      await using server = await serve([orders, health, routeOf('GET', '/open', ok)], {
        authenticator: authenticator(known),
        limiter: counting,
      });
      await get(`${server.url}/orders`, 'Bearer writer');
      await get(`${server.url}/orders`, 'Bearer forged');
      await get(`${server.url}/open`);
      await get(`${server.url}/nothing`);
      await get(`${server.url}/health/live`);
      assert.deepEqual(counting.counted, ['partner', 'anonymous', 'anonymous', 'anonymous']);
    });

    it('answers 429 instead of 401 to an address that tried too often', async () => {
      await using server = await serve([orders], { authenticator: authenticator(known), limiter: limiter({ anonymous: false }) });
      assert.equal((await get(`${server.url}/orders`, 'Bearer forged')).status, 429);
    });

    it('believes X-Forwarded-For of as many proxies as it was told of, and of no others', async () => {
      const address = routeOf('GET', '/', async ({ remoteAddress }) => ({ status: 200, body: { remoteAddress } }));
      const seenBy = async (trustedProxies: number) => {
        await using server = await serve([address], { trustedProxies });
        const response = await fetch(server.url, { headers: { 'X-Forwarded-For': 'forged, 203.0.113.7, 10.0.0.1' } });
        return ((await response.json()) as { remoteAddress: string }).remoteAddress;
      };
      assert.equal(await seenBy(0), '127.0.0.1');
      assert.equal(await seenBy(1), '10.0.0.1');
      assert.equal(await seenBy(2), '203.0.113.7');
    });
  });
});
