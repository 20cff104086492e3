import assert from 'node:assert/strict';
import { SCOPES, type Scope } from '@sagahub/contracts/ports/identity.ts';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { journeyHub, orderIn, place } from './journey.ts';

/** What design 7 calls open. */
const OPEN = /^(POST \/oauth\/token|GET \/\.well-known\/[\w.-]+|GET \/health\/\w+)$/;
const ABSENT = '00000000-0000-5000-8000-000000000000';

interface Operation {
  readonly method: string;
  /** As the description names it, with `{parameters}`. */
  readonly path: string;
  /** Any one of these is enough. */
  readonly scopes: readonly string[];
  readonly takesBody: boolean;
  /** Names of its query parameters. */
  readonly query: readonly string[];
}

/** Every route of the hub's own description: what is added later is examined without another line here. */
describe('journey: every route asks who is calling', () => {
  const journey = journeyHub({ env: { HUB_ANONYMOUS_RATE_LIMIT_PER_MINUTE: '0' } });
  let operations: readonly Operation[];
  /** One client with each scope alone, of another partner than `demo`. */
  const strangers = new Map<Scope, ApiClient>();
  let orderId: string;

  before(async () => {
    const { hub } = journey;
    const response = await fetch(`${hub.url}/openapi.json`);
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, any>> };
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security, requestBody, parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        scopes: security.flatMap(({ oauth }: { oauth: string[] }) => oauth),
        takesBody: requestBody !== undefined,
        query: parameters.filter((parameter: { in: string }) => parameter.in === 'query').map(({ name }: { name: string }) => name),
      })),
    );
    assert.ok(operations.length > 45, `${operations.length} operations`);

    const operator = hub.client('operator');
    await operator.post('/api/v1/admin/partners', { partnerId: 'stranger', name: 'A stranger' });
    for (const scope of Object.keys(SCOPES) as Scope[]) {
      const { body } = await operator.post('/api/v1/admin/partners/stranger/clients', {
        clientId: `only-${scope.replace(':', '-')}`,
        scopes: [scope],
      });
      strangers.set(scope, new ApiClient(() => hub.url, body.clientId, body.clientSecret));
    }
    const demo = hub.client('demo');
    orderId = await place(demo, anOrder('ISOLATED-1'));
    await orderIn(demo, orderId, 'completed');
  });

  const filled = (path: string): string => path.replaceAll(/\{(\w+)\}/g, (_, name) => (name === 'orderId' ? orderId : 'something'));
  const guarded = (): readonly Operation[] => operations.filter(({ scopes }) => scopes.length > 0);
  const send = async ({ method, path, takesBody }: Operation, authorization?: string) => {
    const response = await fetch(journey.hub.url + filled(path), {
      method,
      headers: { ...(authorization && { authorization }), ...(takesBody && { 'content-type': 'application/json' }) },
      ...(takesBody && { body: '{}' }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  };

  it('is open only where it must be', () => {
    const open = operations.filter(({ scopes }) => scopes.length === 0).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(
      open.filter((name) => !OPEN.test(name)),
      [],
    );
  });

  it('answers 401 without a token and with one nobody issued, before it looks at anything else', async () => {
    for (const operation of guarded())
      for (const [authorization, code] of [
        [undefined, 'HUB_TOKEN_MISSING'],
        ['Bearer eyJhbGciOiJub25lIn0.e30.', 'HUB_TOKEN_INVALID'],
      ] as const) {
        const { status, headers, body } = await send(operation, authorization);
        assert.deepEqual([status, body.code], [401, code], `${operation.method} ${operation.path}`);
        assert.match(headers.get('www-authenticate') ?? '', /^Bearer /);
        assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
      }
  });

  it('answers 403 to every scope that is not enough, and names those that are', async () => {
    let refused = 0;
    for (const [scope, client] of strangers) {
      const authorization = `Bearer ${await client.token()}`;
      for (const operation of guarded().filter(({ scopes }) => !scopes.includes(scope))) {
        const { status, body } = await send(operation, authorization);
        assert.deepEqual([status, body.code], [403, 'HUB_INSUFFICIENT_SCOPE'], `${scope}: ${operation.method} ${operation.path}`);
        assert.deepEqual(body.requiredScopes, operation.scopes);
        refused += 1;
      }
    }
    assert.ok(refused > 200, String(refused));
  });

  it('answers 400 to query parameters it does not know or cannot read, naming each', async () => {
    const { body } = await journey.hub
      .client('operator')
      .post('/api/v1/admin/partners/stranger/clients', { clientId: 'everything', scopes: Object.keys(SCOPES) });
    const client = new ApiClient(() => journey.hub.url, body.clientId, body.clientSecret);
    const asking = guarded().filter(({ method, query }) => method === 'GET' && query.length > 0);
    assert.ok(asking.length >= 8, String(asking.length));
    for (const { path, query } of asking) {
      const wrong = { unheardOf: '1', limit: '0', cursor: 'made-up', from: 'yesterday', status: 'asleep', state: 'asleep' };
      const own = path.includes('{orderId}') ? [] : Object.entries(wrong);
      for (const [parameter, value] of [['unheardOf', '1'], ...own] as const) {
        if (parameter !== 'unheardOf' && !query.includes(parameter)) continue;
        const { status, body: problem } = await client.get(`${filled(path)}?${parameter}=${value}`);
        assert.deepEqual([status, problem.code], [400, 'HUB_INVALID_PARAMETER'], `${path}?${parameter}=${value}`);
        assert.equal(problem.errors[0].parameter, parameter);
      }
      if (query.includes('limit')) assert.equal((await client.get(`${filled(path)}?limit=1&limit=2`)).status, 400, path);
      if (query.includes('limit') && query.includes('cursor'))
        assert.equal((await client.get(`${filled(path)}?limit=100000`)).status, 400, path);
    }
  });

  it("answers 404 to another partner's order, word for word as to one that does not exist", async () => {
    const partnerScopes: readonly string[] = ['orders:read', 'orders:write'];
    const ofOneOrder = guarded().filter(({ path, scopes }) => path.includes('{orderId}') && scopes.some((s) => partnerScopes.includes(s)));
    assert.ok(ofOneOrder.length >= 4);
    for (const { method, path, scopes, takesBody } of ofOneOrder) {
      const client = strangers.get(scopes.find((scope) => partnerScopes.includes(scope)) as Scope)!;
      const ask = async (id: string) => {
        const body = takesBody && path.endsWith('resubmit') ? anOrder('ISOLATED-1') : undefined;
        const { status, text } = await client.call(method, path.replace('{orderId}', id), body ? { body } : {});
        const { instance: _instance, requestId: _requestId, ...problem } = JSON.parse(text);
        return [status, JSON.stringify(problem).replaceAll(id, '')];
      };
      const theirs = await ask(orderId);
      assert.equal(theirs[0], 404, `${method} ${path}`);
      assert.deepEqual(theirs, await ask(ABSENT), `${method} ${path}`);
    }
  });

  it('shows a stranger no order of others in any list or filter', async () => {
    const reader = strangers.get('orders:read')!;
    for (const query of ['', '?orderNumber=ISOLATED-1', '?status=completed', '?receivedFrom=2020-01-01T00:00:00Z&limit=200'])
      assert.deepEqual((await reader.get(`/api/v1/orders${query}`)).body.items, [], query);
  });

  it('streams a stranger its own orders alone', async () => {
    const reader = strangers.get('orders:read')!;
    const stop = new AbortController();
    const stream = await reader.open('GET', '/api/v1/orders', { headers: { accept: 'text/event-stream' }, signal: stop.signal });
    const demo = journey.hub.client('demo');
    await orderIn(demo, await place(demo, anOrder('ISOLATED-2')), 'completed');
    const own = await place(strangers.get('orders:write')!, anOrder('OWN-1'));
    let seen = '';
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
      seen += chunk;
      if (seen.includes(own)) break;
    }
    stop.abort();
    assert.ok(!seen.includes('ISOLATED'), seen);
  });
});
