import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { JSON_BODY } from '@sagahub/contracts/api/route.ts';
import { FairShareError, OverloadedError } from '@sagahub/contracts/errors.ts';
import type { AdmissionGate } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Authenticator, Principal } from '@sagahub/contracts/ports/identity.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import type { HttpServerOptions } from './server.ts';
import { rawConnection } from './testing/raw-connection.ts';
import { routeOf, serve } from './testing/served.ts';

const PARTNER: Principal = { clientId: 'c', partnerId: 'p', scopes: new Set(['orders:write']), rateLimitPerMinute: 0 };
const authenticator: Authenticator = { authenticate: async () => PARTNER, identify: async () => PARTNER };

/** A gate that notes who came and went, and lets in whomever it is told to. */
const watchedGate = (entering: AdmissionGate['enter'] = () => ({ leave: () => {} })) => {
  const seen: string[] = [];
  const gate: AdmissionGate = {
    check: () => void seen.push('check'),
    enter: async (who) => {
      seen.push('enter');
      const place = await entering(who);
      let left = false;
      return {
        leave: (served = false) => {
          if (!left) seen.push(served ? 'served' : 'left');
          left = true;
          place.leave(served);
        },
      };
    },
  };
  return { gate, seen };
};

const refusing = (error: Error): AdmissionGate => ({
  check: () => {
    throw error;
  },
  enter: () => assert.fail('it asked for a place'),
});

const accepted = async () => ({ status: 202, body: {} });
const intake = (handle: Parameters<typeof routeOf>[2] = accepted) =>
  routeOf('POST', '/orders', handle, { scopes: ['orders:write'], body: JSON_BODY, intake: true });
const post = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}/orders`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });

describe('HTTP server: intake', () => {
  for (const [error, status, code] of [
    [new OverloadedError(2_000), 503, 'HUB_OVERLOADED'],
    [new FairShareError(2_000), 429, 'HUB_FAIR_SHARE_EXCEEDED'],
  ] as const)
    it(`answers ${status} with Retry-After and ${code}, counts nothing against the quota, and writes no log line for it`, async () => {
      const telemetry = recordTelemetry();
      let counted = 0;
      const limiter = { partner: () => void (counted += 1), anonymous: () => undefined };
      await using server = await serve([intake()], { authenticator, limiter, telemetry, gate: refusing(error) });
      const response = await post(server.url);
      const problem = (await response.json()) as { code: string; requestId: string };
      assert.deepEqual([response.status, response.headers.get('retry-after'), problem.code], [status, '2', code]);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.equal(problem.requestId, response.headers.get('x-request-id'));
      assert.deepEqual([counted, telemetry.errors], [0, []]);
    });

  it('refuses before the body has arrived', async () => {
    await using server = await serve([intake()], { authenticator, gate: refusing(new OverloadedError(1_000)) });
    await using connection = await rawConnection(server.port);
    connection.send(
      'POST /orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n',
    );
    assert.match(await connection.until((text) => text.includes('HUB_OVERLOADED')), /^HTTP\/1\.1 503 /);
  });

  describe('a client that is told to send less', () => {
    const RETRY_AFTER_MS = 300;
    const HEADER =
      'POST /orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
    /** Time between the refusal of two requests of one connection, the second sent once the first was answered. */
    const refusedTwice = async (error: Error, options: Partial<HttpServerOptions> = {}) => {
      const seenAtMs: number[] = [];
      const noting: AdmissionGate = {
        check: () => {
          seenAtMs.push(performance.now());
          throw error;
        },
        enter: () => assert.fail('it asked for a place'),
      };
      await using server = await serve([intake()], { authenticator, gate: noting, ...options });
      await using connection = await rawConnection(server.port);
      for (const answers of [1, 2]) {
        connection.send(HEADER);
        await connection.until((text) => text.split('HTTP/1.1 ').length > answers);
      }
      return seenAtMs[1]! - seenAtMs[0]!;
    };

    it('is not read again on this connection before it may come back', async () => {
      assert.ok((await refusedTwice(new FairShareError(RETRY_AFTER_MS))) >= RETRY_AFTER_MS);
    });

    it('has a body skipped that it is still sending, so that it can read the answer', async () => {
      await using server = await serve([intake()], { authenticator, gate: refusing(new FairShareError(1_000)) });
      await using connection = await rawConnection(server.port);
      const headers = 'Host: h\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
      connection.send(`POST /orders HTTP/1.1\r\n${headers}1\r\n{\r\n`);
      await connection.until((text) => text.includes('HUB_FAIR_SHARE_EXCEEDED'));
      const startedMs = performance.now();
      connection.send('1\r\n}\r\n0\r\n\r\n');
      await connection.closed; // at once when it has read the end of the body
      assert.ok(performance.now() - startedMs < 800);
    });

    it('is read at once where the connection may be that of many, and where everybody is refused', async () => {
      assert.ok((await refusedTwice(new FairShareError(RETRY_AFTER_MS), { trustedProxies: 1 })) < RETRY_AFTER_MS);
      assert.ok((await refusedTwice(new FairShareError(RETRY_AFTER_MS), { behindGateway: true })) < RETRY_AFTER_MS);
      assert.ok((await refusedTwice(new OverloadedError(RETRY_AFTER_MS))) < RETRY_AFTER_MS);
    });
  });

  it('takes a place once the body is there, so that a slow sender holds none, and gives it back as served', async () => {
    const { gate, seen } = watchedGate();
    await using server = await serve([intake()], { authenticator, gate });
    await using connection = await rawConnection(server.port);
    connection.send(
      'POST /orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
    );
    await eventually('the request is seen', () => seen.length === 1);
    connection.send('}');
    await connection.until((text) => text.includes(' 202 '));
    await eventually('it left', () => seen.length === 3);
    assert.deepEqual(seen, ['check', 'enter', 'served']);
  });

  it('gives a place back whose request failed, and does not take its time for the hub’s', async () => {
    const { gate, seen } = watchedGate();
    await using server = await serve([intake(() => Promise.reject(new Error('a bug')))], { authenticator, gate });
    assert.equal((await post(server.url)).status, 500);
    assert.deepEqual(seen, ['check', 'enter', 'left']);
  });

  it('does not hold a place for long for a request that prefers to wait in another process', async () => {
    const { gate, seen } = watchedGate();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = intake(async () => {
      await promise;
      return { status: 200, body: {} };
    });
    await using server = await serve([{ ...waiting, forwarded: true }], { authenticator, gate });
    const answer = post(server.url, { prefer: 'wait=30' });
    await eventually('the place is free', () => seen.includes('left'));
    resolve();
    assert.equal((await answer).status, 200);
    assert.deepEqual(seen, ['check', 'enter', 'left']);
  });

  it('holds the place of a request that prefers to wait until it is accepted, however long that takes', async () => {
    const { gate, seen } = watchedGate();
    const slow = intake(async ({ accepted: isAccepted }) => {
      await sleep(200); // longer than a place is kept for one that is forwarded
      assert.deepEqual(seen, ['check', 'enter']);
      isAccepted?.();
      return { status: 200, body: {} };
    });
    await using server = await serve([slow], { authenticator, gate });
    assert.equal((await post(server.url, { prefer: 'wait=30' })).status, 200);
    assert.deepEqual(seen, ['check', 'enter', 'served']);
  });

  it('takes the time until a request was accepted that goes on to wait, and holds its place no longer', async () => {
    const { gate, seen } = watchedGate();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = intake(async ({ accepted: isAccepted }) => {
      isAccepted?.();
      assert.deepEqual(seen, ['check', 'enter', 'served']);
      await promise;
      return { status: 200, body: {} };
    });
    await using server = await serve([waiting], { authenticator, gate });
    const answer = post(server.url, { prefer: 'wait=30' });
    await eventually('it waits', () => seen.includes('served'));
    resolve();
    assert.equal((await answer).status, 200);
  });

  it('takes a request with another preference for one that does not wait', async () => {
    const { gate, seen } = watchedGate();
    await using server = await serve([intake()], { authenticator, gate });
    assert.equal((await post(server.url, { prefer: 'return=minimal' })).status, 202);
    assert.deepEqual(seen, ['check', 'enter', 'served']);
  });

  it('carries nothing out for a client that left before its turn came', async () => {
    const turn = Promise.withResolvers<void>();
    const { gate, seen } = watchedGate(async () => {
      await turn.promise;
      return { leave: () => {} };
    });
    let handled = 0;
    const counting = intake(async () => {
      handled += 1;
      return { status: 202, body: {} };
    });
    await using server = await serve([counting], { authenticator, gate });
    const stop = new AbortController();
    const answer = fetch(`${server.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: stop.signal,
    });
    await eventually('it waits for its turn', () => seen.includes('enter'));
    stop.abort();
    await assert.rejects(answer);
    await fetch(`${server.url}/later`); // what was sent before it, the end of the connection, has arrived
    turn.resolve();
    await eventually('its place is free', () => seen.includes('left'));
    assert.equal(handled, 0);
  });

  it('lets everything else pass', async () => {
    const { gate, seen } = watchedGate();
    const read = routeOf('GET', '/orders', accepted, { scopes: ['orders:read', 'orders:write'] });
    await using server = await serve([read], { authenticator, gate });
    assert.equal((await fetch(`${server.url}/orders`)).status, 202);
    assert.deepEqual(seen, []);
  });
});
