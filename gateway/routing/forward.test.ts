import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openUpstream } from '@sagahub/adapters/http/upstream.ts';
import { JSON_BODY, type ApiRequest, type Route, SERVER_STOPS } from '@sagahub/contracts/api/route.ts';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Upstream, UpstreamRequest } from '@sagahub/contracts/ports/upstream.ts';
import { z } from 'zod';
import { openApiOf } from '../docs/openapi.ts';
import { forwardedRoutes } from './forward.ts';
import { upstreamBreaker } from './upstream-breaker.ts';

const route: Route = {
  method: 'POST',
  path: '/api/v1/orders',
  scopes: ['orders:write'],
  body: JSON_BODY,
  operation: { operationId: 'test', summary: '', tag: 'test', responses: {} },
  handle: () => Promise.reject(new Error('the service is elsewhere')),
};

const replica = async (listener: RequestListener): Promise<Server & { url: string }> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
};
const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};
const request = (changes: Partial<ApiRequest> = {}): ApiRequest => ({
  method: 'POST',
  url: '/api/v1/orders?a=b',
  params: {},
  query: {},
  headers: { authorization: 'Bearer x', cookie: 'secret=1', 'idempotency-key': 'k' },
  body: '{"a": 1}',
  principal: undefined,
  correlationId: 'c-1',
  requestId: 'r-1',
  traceparent: undefined,
  remoteAddress: '192.0.2.7',
  signal: new AbortController().signal,
  ...changes,
});

describe('forwarding to a service', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close().closeAllConnections()));
  const start = async (listener: RequestListener) => {
    const server = await replica(listener);
    servers.push(server);
    return server.url;
  };
  const forward = (urls: readonly string[], changes: Partial<Route> = {}) => {
    const upstream = openUpstream({ name: 'orders', urls });
    const breaker = upstreamBreaker('orders');
    const [forwarded] = forwardedRoutes([{ ...route, ...changes }], upstream, breaker);
    return { handle: forwarded!.handle, body: forwarded!.body, breaker, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
  };

  it('leaves the routes described as they are where they are served', () => {
    const described: Route = {
      ...route,
      body: { types: { 'application/json': 'json', 'application/merge-patch+json': 'json', 'text/csv': 'text' } },
      operation: { ...route.operation, requestSchema: z.strictObject({ sku: z.string() }), requestExample: { sku: 'A' } },
    };
    const forwarded = forwardedRoutes([described], openUpstream({ name: 'orders', urls: [] }), upstreamBreaker('orders'));
    const info = { version: '1', publicUrl: 'https://hub.example', tokenUrl: 'https://hub.example/oauth/token' };
    assert.deepEqual(openApiOf(forwarded, info), openApiOf([described], info));
  });

  it('passes path, body bytes and the headers a service may know, and hands its answer back', async () => {
    const seen: { url?: string | undefined; body?: string; headers?: IncomingMessage['headers'] } = {};
    const url = await start((incoming, response) => {
      void bodyOf(incoming).then((body) => {
        Object.assign(seen, { url: incoming.url, headers: incoming.headers, body });
        response.writeHead(202, { location: '/api/v1/orders/1', 'content-type': 'application/json' }).end('{"orderId":"1"}');
      });
    });
    await using gateway = forward([url]);
    assert.deepEqual(gateway.body?.types, { 'application/json': 'text' });
    const answer = await gateway.handle(request());
    assert.equal(answer.status, 202);
    assert.equal(answer.headers?.['location'], '/api/v1/orders/1');
    assert.equal(await text(answer.body), '{"orderId":"1"}');
    assert.deepEqual([seen.url, seen.body], ['/api/v1/orders?a=b', '{"a": 1}']);
    assert.deepEqual(
      [seen.headers?.['x-correlation-id'], seen.headers?.['x-forwarded-for'], seen.headers?.['idempotency-key'], seen.headers?.cookie],
      ['c-1', '192.0.2.7', 'k', undefined],
    );
  });

  it('takes the next replica when one cannot be reached', async () => {
    const gone = await replica(() => {});
    gone.close();
    const url = await start((_incoming, response) => response.end('here'));
    await using gateway = forward([gone.url, url]);
    for (let i = 0; i < 4; i++) assert.equal(await text((await gateway.handle(request())).body), 'here');
  });

  it('repeats what a replica dropped only if it may be sent twice', async () => {
    const dropping = await start((incoming) => incoming.socket.destroy());
    const url = await start((_incoming, response) => response.end('here'));
    await using repeatable = forward([dropping, url], { repeatable: true });
    assert.equal(await text((await repeatable.handle(request())).body), 'here');
    await using once = forward([dropping, url]);
    await assert.rejects(once.handle(request()), UnavailableError);
  });

  it('hands an error of the service back as its own answer and keeps the breaker closed', async () => {
    const url = await start((_incoming, response) => response.writeHead(503).end());
    await using gateway = forward([url]);
    for (let i = 0; i < 20; i++) assert.equal((await gateway.handle(request())).status, 503);
    assert.equal(gateway.breaker.isOpen, false);
  });

  it('stops asking a service that nobody answers for', async () => {
    const gone = await replica(() => {});
    gone.close();
    await using gateway = forward([gone.url]);
    for (let i = 0; i < 10; i++) await assert.rejects(gateway.handle(request()), { code: 'HUB_SERVICE_UNAVAILABLE' });
    assert.equal(gateway.breaker.isOpen, true);
    await assert.rejects(gateway.handle(request()), { code: 'HUB_SERVICE_UNAVAILABLE', retryAfterMs: 1_000 });
  });

  it('asks without waiting when everybody waits for the answer to know whether the service is there', async () => {
    const seen: (string | undefined)[] = [];
    const url = await start((incoming, response) => (seen.push(incoming.headers['prefer'] as string | undefined), response.end('{}')));
    await using upstream = openUpstream({ name: 'orders', urls: [url] });
    for (const isDoubtful of [false, true]) {
      const [forwarded] = forwardedRoutes([route], upstream, { name: 'orders', isOpen: isDoubtful, isDoubtful, run: (send) => send() });
      await forwarded!.handle(request({ headers: { prefer: 'wait=30' } }));
    }
    assert.deepEqual(seen, ['wait=30', undefined]);
  });

  it('waits 40 s for an answer to begin, and half an hour for what reads the whole log, unless others wait for the answer', async () => {
    const waited: number[] = [];
    const upstream = { name: 'orders', send: (sent: UpstreamRequest) => (waited.push(sent.timeoutMs), Promise.resolve({ status: 200 })) };
    for (const isDoubtful of [false, true]) {
      const breaker = { name: 'orders', isOpen: isDoubtful, isDoubtful, run: <T>(send: () => Promise<T>) => send() };
      for (const { handle } of forwardedRoutes([route, { ...route, long: true }], upstream as unknown as Upstream, breaker))
        await handle(request());
    }
    assert.deepEqual(waited, [40_000, 30 * 60_000, 40_000, 40_000]);
  });

  it('streams an answer that has no end yet', async () => {
    const url = await start((_incoming, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n'));
    await using gateway = forward([url]);
    const stop = new AbortController();
    const { body } = await gateway.handle(request({ method: 'GET', signal: stop.signal }));
    const { value } = await (body as AsyncIterable<string>)[Symbol.asyncIterator]().next();
    assert.equal(value, 'data: 1\n\n');
    stop.abort();
  });

  it('has what it passed on answered although the gateway stops meanwhile', async () => {
    const stop = new AbortController();
    const url = await start((_incoming, response) => {
      stop.abort(SERVER_STOPS);
      setImmediate(() => response.end('done'));
    });
    await using gateway = forward([url]);
    assert.equal(await text((await gateway.handle(request({ signal: stop.signal }))).body), 'done');
  });

  it('asks again without waiting when the gateway stops while a client waits', async () => {
    const stop = new AbortController();
    const url = await start((incoming, response) => {
      if (incoming.headers['prefer'] === undefined) response.end('as it is now');
      else stop.abort(SERVER_STOPS);
    });
    await using gateway = forward([url], { repeatable: true });
    const headers = { prefer: 'wait=30' };
    assert.equal(await text((await gateway.handle(request({ headers, signal: stop.signal }))).body), 'as it is now');
  });

  it('ends an event stream in good order when the gateway stops', async () => {
    const url = await start((_incoming, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n'));
    await using gateway = forward([url]);
    const stop = new AbortController();
    const { body } = await gateway.handle(request({ method: 'GET', signal: stop.signal }));
    const chunks: string[] = [];
    for await (const chunk of body as AsyncIterable<string>) {
      chunks.push(chunk);
      stop.abort(SERVER_STOPS);
    }
    assert.deepEqual(chunks, ['data: 1\n\n']);
  });
});

const text = async (body: unknown): Promise<string> => {
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  let whole = '';
  for await (const chunk of body as AsyncIterable<string>) whole += chunk;
  return whole;
};
