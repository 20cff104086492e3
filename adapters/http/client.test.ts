import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import type { HttpCall, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { type HttpClientOptions, openHttpClient } from './client.ts';
import { TEST_CERTIFICATE } from './testing/certificate.ts';
import { tracedHttpClient } from './traced-client.ts';

/** A third party that behaves as the test says. */
const listening = async (server: Server): Promise<AsyncDisposable & { readonly port: number }> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
const answering = (listener: RequestListener) => listening(createHttpServer(listener));
const misbehaving = (onSocket: (socket: Socket) => void) => listening(createServer(onSocket));

const call = async (port: number, rest: Partial<HttpCall> & { readonly path?: string } = {}, options: HttpClientOptions = {}) => {
  await using client = openHttpClient(options);
  const { path = '/', ...more } = rest;
  return await client.request({ method: 'POST', url: `http://127.0.0.1:${port}${path}`, body: '{}', timeoutMs: 5_000, ...more });
};
const failing = async (...args: Parameters<typeof call>): Promise<[HttpFailure['reason'], boolean]> => {
  const outcome = await call(...args);
  assert.equal(outcome.kind, 'failure', JSON.stringify(outcome));
  assert.ok(outcome.kind === 'failure' && outcome.detail.length > 0);
  return [outcome.reason, outcome.sent];
};

describe('HTTP client', () => {
  it('sends method, path, query, headers and body, and returns status, headers and text', async () => {
    await using erp = await answering((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.writeHead(201, {
          'X-Seen': `${request.method} ${request.url} ${String(request.headers['x-own'])}`,
          'X-Twice': ['a', 'b'],
        });
        response.end(`é ${body}`);
      });
    });
    const outcome = await call(erp.port, { path: '/orders?id=1%202', headers: { 'X-Own': 'v' }, body: '{"ü":1}' });
    assert.ok(outcome.kind === 'answer');
    assert.deepEqual(
      [outcome.status, outcome.headers['x-seen'], outcome.headers['x-twice'], outcome.bodyText],
      [201, 'POST /orders?id=1%202 v', 'a, b', 'é {"ü":1}'],
    );
  });

  for (const status of [302, 404, 503])
    it(`returns ${status} as an answer and follows nothing`, async () => {
      let requests = 0;
      await using erp = await answering((_request, response) => {
        requests++;
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
      const outcome = await call(erp.port);
      assert.ok(outcome.kind === 'answer' && outcome.status === status);
      assert.equal(requests, 1);
    });

  it('knows that nothing was sent when nobody listens, and when the name does not exist', async () => {
    const erp = await misbehaving(() => {});
    await erp[Symbol.asyncDispose]();
    assert.deepEqual(await failing(erp.port), ['unreachable', false]);
    assert.deepEqual(await failing(0, { url: 'http://nobody.invalid/' }), ['unreachable', false]);
  });

  it('knows that nothing was sent when the certificate is not trusted, and trusts an authority it is given', async () => {
    await using erp = await listening(createTlsServer(TEST_CERTIFICATE, (_request, response) => response.end('ok')));
    const url = `https://127.0.0.1:${erp.port}/`;
    assert.deepEqual(await failing(erp.port, { url }), ['tls', false]);
    const outcome = await call(erp.port, { url }, { ca: TEST_CERTIFICATE.cert });
    assert.ok(outcome.kind === 'answer' && outcome.bodyText === 'ok');
  });

  it('does not know what was done when the connection breaks before, or in the middle of, the answer', async () => {
    await using dropping = await misbehaving((socket) => socket.once('data', () => socket.destroy()));
    assert.deepEqual(await failing(dropping.port), ['reset', true]);
    await using halfway = await misbehaving((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    );
    assert.deepEqual(await failing(halfway.port), ['reset', true]);
  });

  it('gives up at its timeout, whether no answer comes or one that never ends', async () => {
    await using silent = await answering(() => {});
    await using dripping = await answering((_request, response) => void response.writeHead(200).write('x'));
    const timeouts = [silent, dripping].map(({ port }) => failing(port, { timeoutMs: 500 }));
    assert.deepEqual(await Promise.all(timeouts), [
      ['timeout', true],
      ['timeout', true],
    ]);
  });

  it('stops when its caller gives up, before or after it was sent', async () => {
    await using silent = await answering(() => {});
    assert.deepEqual(await failing(silent.port, { signal: AbortSignal.abort() }), ['aborted', false]);
    const controller = new AbortController();
    await using started = await answering(() => controller.abort());
    assert.deepEqual(await failing(started.port, { signal: controller.signal }), ['aborted', true]);
  });

  it('reads no more of an answer than it was told to', async () => {
    await using erp = await answering((_request, response) => void response.end('x'.repeat(100_000)));
    assert.deepEqual(await failing(erp.port, { maxResponseBytes: 99_999 }), ['response-too-large', true]);
    assert.equal((await call(erp.port, { maxResponseBytes: 100_000 })).kind, 'answer');
    await using endless = await answering((_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    assert.deepEqual(await failing(endless.port), ['response-too-large', true]);
  });

  it('tells an answer that is no HTTP', async () => {
    await using erp = await misbehaving((socket) => socket.once('data', () => socket.end('220 smtp.example ESMTP\r\n')));
    assert.deepEqual(await failing(erp.port), ['malformed', true]);
  });

  it('opens at most so many connections to one origin; a call that waited in vain was not sent', async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    let requests = 0;
    await using erp = await answering(() => {
      requests++;
      arrived();
    });
    await using client = openHttpClient({ connectionsPerOrigin: 1 });
    const url = `http://127.0.0.1:${erp.port}/`;
    const controller = new AbortController();
    const first = client.request({ method: 'GET', url, timeoutMs: 10_000, signal: controller.signal });
    await arrival;
    const waited = await client.request({ method: 'GET', url, timeoutMs: 20 });
    assert.ok(waited.kind === 'failure' && waited.reason === 'timeout' && !waited.sent);
    controller.abort();
    await first;
    assert.equal(requests, 1);
  });

  it('uses a connection again', async () => {
    const ports = new Set<number | undefined>();
    await using erp = await answering((request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    await using client = openHttpClient();
    for (let i = 0; i < 10; i++) await client.request({ method: 'GET', url: `http://127.0.0.1:${erp.port}/`, timeoutMs: 5_000 });
    assert.ok(ports.size <= 2, `${ports.size} connections for 10 calls one after the other`);
  });

  it('ends what is under way when it is disposed', async () => {
    const client = openHttpClient();
    await using silent = await answering(() => void client[Symbol.asyncDispose]());
    const outcome = await client.request({ method: 'GET', url: `http://127.0.0.1:${silent.port}/`, timeoutMs: 5_000 });
    assert.ok(outcome.kind === 'failure' && outcome.reason === 'aborted' && outcome.sent);
  });

  it('rejects what can not be sent at all', async () => {
    await assert.rejects(call(1, { url: 'ftp://example.test/' }), TypeError);
    await assert.rejects(call(1, { url: 'not a url' }), TypeError);
    await assert.rejects(call(1, { headers: { 'X-Bad': 'a\r\nb: c' } }), TypeError);
  });

  it('keeps headers, bodies and credentials out of what it says about a failure', async () => {
    await using erp = await misbehaving((socket) => socket.once('data', () => socket.destroy()));
    const url = `http://user:hunter2@127.0.0.1:${erp.port}/?key=hunter2`;
    const outcome = await call(erp.port, { url, headers: { authorization: 'hunter2' }, body: 'hunter2' });
    assert.doesNotMatch(JSON.stringify(outcome), /hunter2/);
  });

  it('traced: continues the trace, counts by host and outcome, and shows no secret of the URL', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    let seen: string | undefined;
    await using erp = await answering((request, response) => {
      seen = request.headers['traceparent'] as string;
      response.end();
    });
    const telemetry = recordTelemetry();
    await using client = tracedHttpClient(openHttpClient(), telemetry);
    await client.request({
      method: 'GET',
      url: `http://127.0.0.1:${erp.port}/a?key=hunter2`,
      headers: { traceparent: trace },
      timeoutMs: 5_000,
    });
    assert.equal(seen, trace);
    assert.equal(telemetry.spans[0]?.attributes?.['url.full'], `http://127.0.0.1:${erp.port}/a`);
    assert.deepEqual(
      telemetry.durations.map(({ attributes }) => attributes),
      [{ 'http.request.method': 'GET', 'server.address': '127.0.0.1', 'http.response.status_code': 200 }],
    );
  });
});
