import assert from 'node:assert/strict';
import { SCOPES, type Scope } from '@sagahub/contracts/ports/identity.ts';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { ROUTES_OF } from '@sagahub/hub/networked/route-descriptions.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';
import { journeyHub, orderIn, place } from './journey.ts';

/** What design 7 calls open. */
/** The last proves itself by a signature of its body. */
const OPEN = /^(POST \/oauth\/token|GET \/\.well-known\/[\w.-]+|GET \/health\/\w+|POST \/api\/v1\/callbacks\/payment-processor)$/;
const ABSENT = '00000000-0000-5000-8000-000000000000';
/** Who has one of these sees all partners by intent; every other scope ends at its own partner. */
const ACROSS_PARTNERS: readonly string[] = ['admin', 'audit:read', 'audit:personal'] satisfies Scope[];
/** A flow whose third party is not configured takes nothing in: there is no object of it that anybody could own. */
const CLOSED = 'HUB_FLOW_CLOSED';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Served for others than partners, on the management port alone. */
const INSIDE = [
  '/metrics',
  '/stats',
  '/health',
  '/debug',
  '/.env',
  '/api/v1/admin',
  '/admin',
  '/api',
  '/api/v2/orders',
  '/oauth/authorize',
];

interface Operation {
  readonly method: string;
  /** As the description names it, with `{parameters}`. */
  readonly path: string;
  /** Any one of these is enough. */
  readonly scopes: readonly string[];
  readonly takesBody: boolean;
  /** As the description shows it; its JSON Schema. */
  readonly example: unknown;
  readonly schema: object | undefined;
  /** Names of its query parameters. */
  readonly query: readonly string[];
}

/** Every route of the hub's own description: what is added later is examined without another line here. */
describe('journey: every route asks who is calling', () => {
  const journey = journeyHub({ env: { HUB_ANONYMOUS_RATE_LIMIT_PER_MINUTE: '0' } });
  let operations: readonly Operation[];
  let schemas: Readonly<Record<string, object>>;
  /** One client with each scope alone, of another partner than `demo`. */
  const strangers = new Map<Scope, ApiClient>();
  /** By the parameter of the path, what `demo` owns. */
  const owned = new Map<string, string>();
  /** Parameters of flows that are closed here. */
  const ofClosedFlows = new Set<string>();
  let receiver: WebhookReceiver;
  after(() => receiver?.[Symbol.asyncDispose]());

  before(async () => {
    const { hub } = journey;
    const response = await fetch(`${hub.url}/openapi.json`);
    const { paths, components } = (await response.json()) as { paths: Record<string, Record<string, any>>; components: { schemas: any } };
    schemas = components.schemas;
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security, requestBody, parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        scopes: security.flatMap(({ oauth }: { oauth: string[] }) => oauth),
        takesBody: requestBody !== undefined,
        example: requestBody?.content['application/json']?.example,
        schema: requestBody?.content['application/json']?.schema,
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
    receiver = await WebhookReceiver.start();
    const { body: subscription } = await demo.post('/api/v1/webhooks', { url: receiver.url('/'), types: ['order.completed'] });
    owned.set('subscriptionId', subscription.subscriptionId);
    const orderId = await place(demo, anOrder('ISOLATED-1'));
    owned.set('orderId', orderId);
    const paid = await demo.post('/api/v1/payments', {
      paymentReference: 'PAY-1',
      amount: '1.00',
      currency: 'EUR',
      method: { type: 'card', token: 'tok_visa' },
    });
    owned.set('paymentId', paid.body.paymentId);
    await orderIn(demo, orderId, 'completed');
    const deliveries = `/api/v1/webhooks/${subscription.subscriptionId}/deliveries`;
    const sent = await until(
      'a message of demo',
      () => demo.get(deliveries),
      ({ body }) => body.items.length > 0,
    );
    owned.set('messageId', sent.body.items[0].messageId);
    const payment = await demo.post(
      '/api/v1/payments',
      operations.find(({ method, path }) => `${method} ${path}` === 'POST /api/v1/payments')?.example,
    );
    if (payment.body.code === CLOSED) ofClosedFlows.add('paymentId');
    else owned.set('paymentId', payment.body.paymentId);
  });

  const filled = (path: string): string => path.replaceAll(/\{(\w+)\}/g, (_, name) => owned.get(name) ?? 'something');
  const guarded = (): readonly Operation[] => operations.filter(({ scopes }) => scopes.length > 0);
  const send = async ({ method, path, takesBody }: Operation, authorization?: string) => {
    const response = await fetch(journey.hub.url + filled(path), {
      method,
      headers: { ...(authorization && { authorization }), ...(takesBody && { 'content-type': 'application/json' }) },
      ...(takesBody && { body: '{}' }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  };

  /** Of the stranger, with every scope there is. */
  const everything = async (clientId: string): Promise<ApiClient> => {
    const { body } = await journey.hub
      .client('operator')
      .post('/api/v1/admin/partners/stranger/clients', { clientId, scopes: Object.keys(SCOPES) });
    return new ApiClient(() => journey.hub.url, body.clientId, body.clientSecret);
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
        const said = ['cache-control', 'x-content-type-options', 'access-control-allow-origin', 'server', 'x-powered-by'];
        assert.deepEqual(
          said.map((name) => headers.get(name)),
          ['no-store', 'nosniff', null, null, null],
        );
      }
  });

  it('describes all that is served: another method is answered 405, and nothing of the inside is there', async () => {
    const client = await everything('method-seeker');
    const described = Map.groupBy(operations, ({ path }) => path);
    for (const [path, known] of described)
      for (const method of METHODS.filter((one) => !known.some((operation) => operation.method === one))) {
        const { status, headers } = await client.call(method, filled(path), method === 'GET' || method === 'DELETE' ? {} : { body: {} });
        assert.equal(status, 405, `${method} ${path}`);
        assert.doesNotMatch(headers.get('allow') ?? '', new RegExp(`\\b${method}\\b`));
      }
    for (const path of INSIDE) assert.equal((await client.get(path)).status, 404, path);
  });

  it('serves all routes of every service, whether they share one process or not', () => {
    const served = new Set(operations.map(({ method, path }) => `${method} ${path}`));
    const missing = Object.values(ROUTES_OF)
      .flat()
      .map(({ method, path }) => `${method} ${path.replaceAll(/[:*](\w+)/g, '{$1}')}`)
      .filter((name) => !served.has(name));
    assert.deepEqual(missing, []);
  });

  it('takes no member that it does not describe, at any depth of any body', async () => {
    const open: string[] = [];
    let closed = 0;
    /** Members of a record have any name; those of everything else are known. */
    const look = (schema: any, where: string, seen: ReadonlySet<string>): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const [, name] = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref ?? '') ?? [];
      if (name !== undefined && !seen.has(name)) return look(schemas[name], where, new Set([...seen, name]));
      if (schema.properties !== undefined && schema.additionalProperties === false) closed += 1;
      else if (schema.properties !== undefined) open.push(where);
      for (const [key, inner] of Object.entries(schema)) if (key !== 'example') look(inner, `${where}/${key}`, seen);
    };
    const client = await everything('member-smuggler');
    let refused = 0;
    for (const { method, path, schema, example } of guarded()) {
      if (schema === undefined) continue;
      look(schema, `${method} ${path}`, new Set());
      const body = { ...(example as object), partnerId: 'demo', isAdmin: true };
      const { status, body: problem } = await client.call(method, filled(path), { body });
      assert.ok([404, 409, 422].includes(status) || problem.code === CLOSED, `${method} ${path}: ${status}`);
      if (status !== 422) continue;
      assert.ok(
        problem.errors.some(({ pointer }: { pointer: string }) => pointer === '#/isAdmin'),
        `${method} ${path}: ${JSON.stringify(problem)}`,
      );
      refused += 1;
    }
    assert.deepEqual(open, []);
    assert.ok(closed > 25, String(closed));
    assert.ok(refused >= 15, String(refused));
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
    const client = await everything('parameter-seeker');
    const ofNothing = (path: string) => [...ofClosedFlows].some((name) => path.includes(`{${name}}`));
    const asking = guarded().filter(({ method, path, query }) => method === 'GET' && query.length > 0 && !ofNothing(path));
    assert.ok(asking.length >= 8, String(asking.length));
    for (const { path, query } of asking) {
      const wrong = { unheardOf: '1', limit: '0', cursor: 'made-up', from: 'yesterday', status: 'asleep', state: 'asleep' };
      const own = /\{(order|payment)Id\}/.test(path) ? [] : Object.entries(wrong);
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

  it('answers 404 to what belongs to another partner, word for word as to what does not exist', async () => {
    const ownScope = ({ scopes }: Operation) => scopes.find((scope) => !ACROSS_PARTNERS.includes(scope)) as Scope | undefined;
    const ofOneObject = guarded().filter((operation) => operation.path.includes('{') && ownScope(operation) !== undefined);
    assert.ok(ofOneObject.length >= 15, String(ofOneObject.length));
    for (const operation of ofOneObject) {
      const { method, path, takesBody, example } = operation;
      for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g))
        assert.ok(owned.has(name) || ofClosedFlows.has(name), `let demo own a ${name}, for ${method} ${path}`);
      const ask = async (withIds: (name: string) => string) => {
        const url = path.replaceAll(/\{(\w+)\}/g, (_, name) => withIds(name));
        const { status, text } = await strangers.get(ownScope(operation)!)!.call(method, url, takesBody ? { body: example ?? {} } : {});
        const { instance: _instance, requestId: _requestId, ...problem } = JSON.parse(text);
        return [status, [...owned.values(), ABSENT].reduce((all, id) => all.replaceAll(id, ''), JSON.stringify(problem))];
      };
      const theirs = await ask((name) => owned.get(name) ?? ABSENT);
      assert.ok(theirs[0] === 404 || String(theirs[1]).includes(CLOSED), `${method} ${path}: ${theirs[1]}`);
      assert.deepEqual(theirs, await ask(() => ABSENT), `${method} ${path}`);
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
