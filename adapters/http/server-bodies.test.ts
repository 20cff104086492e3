import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { BodySpec } from '@sagahub/contracts/api/route.ts';
import { rawConnection } from './testing/raw-connection.ts';
import { routeOf, serve } from './testing/served.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const serveBodies = async (body: BodySpec, options: Parameters<typeof serve>[1] = {}) => {
  const bodies: unknown[] = [];
  const route = routeOf(
    'POST',
    '/orders',
    async (request) => {
      bodies.push(request.body);
      return { status: 202 };
    },
    { body },
  );
  return { ...(await serve([route], options)), bodies };
};
const json: BodySpec = { types: { 'application/json': 'json', 'text/csv': 'text' } };

describe('HTTP server: bodies', () => {
  const post = async (body: string | Uint8Array<ArrayBuffer> | undefined, headers: Record<string, string> = JSON_HEADERS, spec = json) => {
    await using server = await serveBodies(spec);
    const response = await fetch(`${server.url}/orders`, { method: 'POST', headers, ...(body !== undefined && { body }) });
    const problem = response.status === 202 ? undefined : ((await response.json()) as { code: string; detail: string });
    return { status: response.status, code: problem?.code, detail: problem?.detail, bodies: server.bodies };
  };

  it('parses JSON and passes text on', async () => {
    assert.deepEqual((await post('{"a":["é",1.5]}')).bodies, [{ a: ['é', 1.5] }]);
    assert.deepEqual((await post('a,b', { 'content-type': 'Text/CSV; charset=UTF-8' })).bodies, ['a,b']);
    assert.deepEqual((await post('\uFEFF{}')).bodies, [{}]);
  });

  it('answers 400 with line and column of malformed JSON', async () => {
    const { status, code, detail, bodies } = await post('{"lines": [\n  {"sku": }]}');
    assert.deepEqual([status, code], [400, 'HUB_MALFORMED_JSON']);
    assert.match(detail ?? '', /line 2, column 11/);
    assert.deepEqual(bodies, []);
  });

  const refused: readonly [string, string | Uint8Array<ArrayBuffer> | undefined, Record<string, string>, number, string][] = [
    ['nesting without end', '['.repeat(100_000), JSON_HEADERS, 400, 'HUB_JSON_TOO_DEEP'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), JSON_HEADERS, 400, 'HUB_MALFORMED_REQUEST'],
    ['no body', undefined, JSON_HEADERS, 400, 'HUB_BODY_MISSING'],
    ['another media type', '<a/>', { 'content-type': 'text/xml' }, 415, 'HUB_UNSUPPORTED_MEDIA_TYPE'],
    ['a media type named like a member of every object', '{}', { 'content-type': 'constructor' }, 415, 'HUB_UNSUPPORTED_MEDIA_TYPE'],
    ['another charset', '{}', { 'content-type': 'application/json; charset=latin1' }, 415, 'HUB_UNSUPPORTED_MEDIA_TYPE'],
    ['a compressed body', '{}', { ...JSON_HEADERS, 'content-encoding': 'gzip' }, 415, 'HUB_UNSUPPORTED_MEDIA_TYPE'],
    ['a body of one byte too many', `"${'x'.repeat(512 * 1024 - 1)}"`, JSON_HEADERS, 413, 'HUB_PAYLOAD_TOO_LARGE'],
  ];
  for (const [what, body, headers, status, code] of refused)
    it(`refuses ${what} with ${status}`, async () => {
      const answer = await post(body, headers);
      assert.deepEqual([answer.status, answer.code, answer.bodies], [status, code, []]);
    });

  it('takes a body of exactly the limit, and none where it is optional', async () => {
    assert.equal((await post(`"${'x'.repeat(512 * 1024 - 2)}"`)).status, 202);
    assert.deepEqual((await post(undefined, {}, { ...json, optional: true })).bodies, [undefined]);
  });

  const head = (lines: readonly string[]) =>
    `POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines.join('\r\n')}\r\n\r\n`;

  it('answers 413 to a declared 10 MiB before any of it was sent', async () => {
    await using server = await serveBodies(json);
    await using connection = await rawConnection(server.port);
    connection.send(head([`Content-Length: ${10 * 1024 * 1024}`]));
    const answer = await connection.until((text) => text.includes('HUB_PAYLOAD_TOO_LARGE'));
    assert.match(answer, /^HTTP\/1.1 413 [\s\S]*connection: close/i);
  });

  it('answers 413 to 10 MiB in chunks, and reads little of it', async () => {
    await using server = await serveBodies(json);
    await using connection = await rawConnection(server.port);
    connection.send(head(['Transfer-Encoding: chunked']));
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let sent = 0;
    void (async () => {
      for (; sent < 160 && connection.socket.writable; sent++)
        if (!connection.socket.write(chunk)) await once(connection.socket, 'drain').catch(() => undefined);
    })();
    assert.match(await connection.until((text) => text.includes('HUB_PAYLOAD_TOO_LARGE')), /^HTTP\/1.1 413/);
    await connection.closed;
    assert.ok(sent < 160, `${sent} of 160 chunks were taken`);
  });

  it('says "continue" only to a request it will read', async () => {
    await using server = await serveBodies(json);
    await using small = await rawConnection(server.port);
    small.send(head(['Expect: 100-continue', 'Content-Length: 2', 'Connection: close']));
    await small.until((text) => text.startsWith('HTTP/1.1 100'));
    small.send('{}');
    assert.match(await small.closed, /HTTP\/1.1 202/);
    assert.equal(server.bodies.length, 1);
    await using large = await rawConnection(server.port);
    large.send(head(['Expect: 100-continue', 'Content-Length: 20000000']));
    assert.match(await large.until((text) => text.includes('TOO_LARGE')), /^HTTP\/1.1 413/);
  });

  it('answers 408 to a body that does not arrive, and closes', async () => {
    await using server = await serveBodies(json, { bodyTimeoutMs: 50 });
    await using connection = await rawConnection(server.port);
    connection.send(`${head(['Content-Length: 100'])}{"a`);
    const answer = await connection.closed;
    assert.match(answer, /^HTTP\/1.1 408 [\s\S]*HUB_REQUEST_TIMEOUT/);
    assert.deepEqual(server.bodies, []);
  });

  it('answers 408 to headers that do not arrive, and closes', async () => {
    await using server = await serveBodies(json, { headersTimeoutMs: 50 });
    await using connection = await rawConnection(server.port);
    connection.send('POST /orders HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    assert.match(await connection.closed, /^HTTP\/1.1 408 /);
  });

  it('hands nothing to a handler when the client leaves in the middle of a body', async () => {
    await using server = await serveBodies(json);
    const connection = await rawConnection(server.port);
    connection.send(`${head(['Content-Length: 100'])}{"a":1}`);
    await connection[Symbol.asyncDispose]();
    assert.equal((await fetch(`${server.url}/orders`, { method: 'POST', body: '{}', headers: JSON_HEADERS })).status, 202);
    assert.deepEqual(server.bodies, [{}]);
  });

  it('takes what lies behind the declared length for a new request, which is broken', async () => {
    await using server = await serveBodies(json);
    await using connection = await rawConnection(server.port);
    connection.send(`${head(['Content-Length: 2'])}{}{"smuggled": true}`);
    await connection.closed;
    assert.ok(server.bodies.length <= 1);
    assert.ok(server.bodies.every((body) => JSON.stringify(body) === '{}'));
  });

  const hostile: readonly [string, string, RegExp][] = [
    ['both lengths', head(['Content-Length: 2', 'Transfer-Encoding: chunked']), /^HTTP\/1.1 400/],
    ['two lengths', head(['Content-Length: 2', 'Content-Length: 3']), /^HTTP\/1.1 400/],
    ['a negative length', head(['Content-Length: -1']), /^HTTP\/1.1 400/],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1.1 400/],
    ['no HTTP at all', '\u0016\u0003\u0001\r\n\r\n', /^HTTP\/1.1 400/],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: \u0000\r\n\r\n', /^HTTP\/1.1 400/],
    ['20 KiB of headers', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431/],
    ['a header named __proto__', 'GET / HTTP/1.1\r\nHost: x\r\n__proto__: x\r\nConnection: close\r\n\r\n', /^HTTP\/1.1 404/],
    ['an absolute request target', 'GET http://evil.example/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /^HTTP\/1.1 405/],
    ['an asterisk as target', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /^HTTP\/1.1 404/],
    [
      'an upgrade nobody offers',
      'GET /orders HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
      /^HTTP\/1.1 405/,
    ],
  ];
  for (const [what, bytes, expected] of hostile)
    it(`survives ${what}`, async () => {
      await using server = await serveBodies(json);
      await using connection = await rawConnection(server.port);
      connection.send(bytes);
      assert.match(await connection.closed, expected);
      assert.equal((await fetch(`${server.url}/orders`, { method: 'POST', body: '{}', headers: JSON_HEADERS })).status, 202);
    });
});
