import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { journeyHub } from './journey.ts';

const withLine = (line: object) => anOrder('BAD', { lines: [{ sku: 'A', quantity: '1', unitPrice: '1.00', ...line }] });

describe('journey: bad input gets a clear answer and changes nothing', () => {
  const journey = journeyHub({ env: { HUB_BODY_TIMEOUT: '1s' } });

  const accepted = async (): Promise<number> => ((await (await fetch(`${journey.hub.managementUrl}/stats`)).json()) as any).accepted;

  const bodies: Readonly<Record<string, readonly [status: number, body: unknown, pointer?: string]>> = {
    'malformed JSON': [400, '{"orderNumber": '],
    'no object': [422, []],
    'wrong types': [422, anOrder('BAD', { currency: 5 }), '#/currency'],
    'an unknown field': [422, anOrder('BAD', { colour: 'red' }), '#/colour'],
    'an unknown field inside': [422, withLine({ colour: 'red' }), '#/lines/0/colour'],
    ['__proto__']: [422, JSON.stringify(anOrder('BAD')).replace('{', '{"__proto__":{"admin":true},'), '#/__proto__'],
    'a price as a JSON number': [422, withLine({ unitPrice: 19.9 }), '#/lines/0/unitPrice'],
    'an exponent': [422, withLine({ unitPrice: '1e3' }), '#/lines/0/unitPrice'],
    NaN: [422, withLine({ quantity: 'NaN' }), '#/lines/0/quantity'],
    'a negative quantity': [422, withLine({ quantity: '-1' }), '#/lines/0/quantity'],
    'a quantity of zero': [422, withLine({ quantity: '0.000000' }), '#/lines/0/quantity'],
    'absurd precision': [422, withLine({ quantity: '0.00000000000000001' }), '#/lines/0/quantity'],
    'duplicate line numbers': [
      422,
      anOrder('BAD', { lines: [1, 1].map((lineNumber) => ({ lineNumber, sku: 'A', quantity: '1', unitPrice: '1' })) }),
      '#/lines/1/lineNumber',
    ],
    'control characters': [422, anOrder('BAD\u0000'), '#/orderNumber'],
    'an overlong string': [422, anOrder('B'.repeat(10_000)), '#/orderNumber'],
    'an unknown currency': [422, anOrder('BAD', { currency: 'XXQ' }), '#/currency'],
    'no lines': [422, anOrder('BAD', { lines: [] }), '#/lines'],
    'more than 1,000 lines': [
      422,
      anOrder('BAD', { lines: Array.from({ length: 1_001 }, () => ({ sku: 'A', quantity: '1', unitPrice: '1' })) }),
      '#/lines',
    ],
    'deep nesting': [400, `${'{"metadata":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
    'ten MiB': [413, `{"note":"${'x'.repeat(10 * 1024 * 1024)}"}`],
  };
  for (const [what, [status, body, pointer]] of Object.entries(bodies))
    it(`answers ${status} to ${what}`, async () => {
      const before = await accepted();
      const answer = await journey.hub.client('demo').post('/api/v1/orders', body);
      assert.equal(answer.status, status, answer.text.slice(0, 300));
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.match(answer.body.code, /^HUB_/);
      if (pointer)
        assert.ok(
          answer.body.errors.some((fault: { pointer: string }) => fault.pointer === pointer),
          answer.text.slice(0, 500),
        );
      assert.equal(await accepted(), before);
    });

  it('lists every fault at once', async () => {
    const { body } = await journey.hub.client('demo').post('/api/v1/orders', { colour: 'red' });
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    for (const pointer of ['#/orderNumber', '#/currency', '#/buyer', '#/shipTo', '#/lines', '#/colour'])
      assert.ok(pointers.includes(pointer), pointer);
  });

  it('says which string to send instead of a JSON number', async () => {
    const { body } = await journey.hub.client('demo').post('/api/v1/orders', withLine({ unitPrice: 19.9 }));
    assert.match(JSON.stringify(body.errors), /\\"19\.9\\"/);
  });

  it('refuses another content type and a bad Idempotency-Key', async () => {
    const demo = journey.hub.client('demo');
    assert.equal((await demo.post('/api/v1/orders', '<order/>', { 'content-type': 'application/xml' })).status, 415);
    assert.equal((await demo.post('/api/v1/orders', anOrder('BAD'), { 'idempotency-key': 'k'.repeat(300) })).status, 400);
  });

  it('refuses callers it does not know', async () => {
    const tokens = ['', 'Bearer', 'Bearer x.y.z', 'Basic ZGVtbzpkZW1v', `Bearer ${unsigned(await journey.hub.client('demo').token())}`];
    for (const authorization of tokens) {
      const response = await fetch(`${journey.hub.url}/api/v1/orders`, { headers: authorization ? { authorization } : {} });
      assert.equal(response.status, 401, authorization.slice(0, 20));
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
  });

  it('gives up on a body that trickles in', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      void journey.hub
        .client('demo')
        .token()
        .then((token) => {
          const slow = request(`${journey.hub.url}/api/v1/orders`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': '1000' },
          });
          slow.on('response', (response) => resolve(response.statusCode ?? 0)).on('error', reject);
          slow.write('{');
        });
    });
    assert.equal(status, 408);
  });

  it('survives hostile header lines', async () => {
    const { port } = new URL(journey.hub.url);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Bad: ${'a'.repeat(200_000)}\r\n\r\n`),
      );
      socket
        .on('data', (chunk) => (text += chunk.toString()))
        .on('close', () => resolve(text))
        .on('error', () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1\.1 431/);
    assert.equal((await fetch(`${journey.hub.url}/health/live`)).status, 200);
  });

  it('echoes well-formed request and correlation ids and replaces the others', async () => {
    const demo = journey.hub.client('demo');
    const kept = await demo.get('/api/v1/orders', { 'x-correlation-id': 'flow-42', 'x-request-id': 'req-1' });
    assert.deepEqual([kept.headers.get('x-correlation-id'), kept.headers.get('x-request-id')], ['flow-42', 'req-1']);
    const replaced = await demo.get('/api/v1/orders', { 'x-correlation-id': 'no spaces allowed' });
    assert.match(replaced.headers.get('x-correlation-id') ?? '', /^[A-Za-z0-9._-]{1,128}$/);
  });
});

/** The same claims under `alg: none`. */
const unsigned = (token: string): string => {
  const [, payload] = token.split('.');
  return `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
};
