import assert from 'node:assert/strict';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { SCOPES } from '@sagahub/contracts/ports/identity.ts';
import { z } from 'zod';
import { openSite } from '../testing/site.ts';
import { ComponentSchemas, type JsonSchema } from './component-schemas.ts';
import { openApiOf } from './openapi.ts';

const INFO = { version: '1.2.3', publicUrl: 'https://hub.example', tokenUrl: 'https://hub.example/oauth/token' };
const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch']);

/** Every operation of a document with its path. */
const operationsOf = (
  document: JsonSchema,
): readonly { readonly path: string; readonly method: string; readonly operation: Record<string, any> }[] =>
  Object.entries(document['paths'] as Record<string, Record<string, Record<string, any>>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
const refsOf = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, member]) => (key === '$ref' && typeof member === 'string' ? [member] : refsOf(member)));

/** What OpenAPI 3.1 demands and our readers rely on. */
const assertSound = (document: JsonSchema): void => {
  assert.equal(document['openapi'], '3.1.1');
  const resolve = (ref: string) =>
    ref
      .slice(2)
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
  for (const ref of refsOf(document)) assert.ok(ref.startsWith('#/components/') && resolve(ref) !== undefined, `${ref} leads nowhere`);
  const operations = operationsOf(document);
  const ids = operations.map(({ operation }) => operation['operationId'] as string);
  assert.equal(new Set(ids).size, ids.length, `operation ids repeat: ${ids.join()}`);
  for (const { path, method, operation } of operations) {
    const where = `${method} ${path}`;
    assert.ok(METHODS.has(method), where);
    assert.ok(operation['summary'], `${where} has no summary`);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = ((operation['parameters'] ?? []) as { in: string; name: string; required: boolean }[]).filter(
      (parameter) => parameter.in === 'path',
    );
    assert.deepEqual(
      declared.map(({ name }) => name),
      inPath,
      where,
    );
    assert.ok(
      declared.every(({ required }) => required),
      where,
    );
    const statuses = Object.keys(operation['responses'] as object);
    assert.ok(
      statuses.some((status) => status.startsWith('2')),
      `${where} never succeeds`,
    );
    for (const requirement of operation['security'] as object[]) assert.deepEqual(Object.keys(requirement), ['oauth'], where);
    if ((operation['security'] as unknown[]).length > 0) assert.ok(statuses.includes('401') && statuses.includes('403'), where);
    if (operation['requestBody'])
      assert.ok(
        ['400', '408', '413', '415'].every((status) => statuses.includes(status)),
        where,
      );
    for (const [status, response] of Object.entries(operation['responses'] as Record<string, { $ref?: string; description?: string }>))
      assert.ok(response.$ref ?? response.description, `${where} ${status} has no description`);
  }
};

describe('OpenAPI document', () => {
  const order = z.strictObject({ sku: z.string(), quantity: z.string().default('1') }).meta({ id: 'Line' });
  const routes: readonly Route[] = [
    {
      method: 'POST',
      path: '/api/v1/orders',
      scopes: ['orders:write', 'admin'],
      body: { types: { 'application/json': 'json' } },
      operation: {
        operationId: 'submitOrder',
        summary: 'Send an order',
        tag: 'Orders',
        requestSchema: z.strictObject({ lines: z.array(order) }).meta({ id: 'Order' }),
        requestExample: { lines: [{ sku: 'A' }] },
        headers: { 'Idempotency-Key': { description: 'One per order', schema: z.string() } },
        responses: { 202: { description: 'Accepted', schema: z.object({ orderId: z.uuid() }) }, 409: { description: 'In flight' } },
      },
      handle: () => Promise.reject(new Error('not called')),
    },
    {
      method: 'GET',
      path: '/api/v1/orders/:orderId',
      scopes: ['orders:read'],
      operation: {
        operationId: 'getOrder',
        summary: 'One order',
        tag: 'Orders',
        query: { at: { description: 'As of', schema: z.iso.datetime().optional() } },
        responses: { 200: { description: 'The order', schema: z.object({ lines: z.array(order) }) }, 304: { description: 'Unchanged' } },
      },
      handle: () => Promise.reject(new Error('not called')),
    },
  ];
  const document = openApiOf(routes, INFO);
  const operation = (id: string): Record<string, any> =>
    operationsOf(document).find((each) => each.operation['operationId'] === id)?.operation ?? {};

  it('is sound', () => assertSound(document));

  it('says which scopes are enough, each by itself', () => {
    assert.deepEqual(operation('submitOrder')['security'], [{ oauth: ['orders:write'] }, { oauth: ['admin'] }]);
    const { flows } = ((document['components'] as Record<string, any>)['securitySchemes'] as Record<string, any>)['oauth'];
    assert.deepEqual(flows.clientCredentials, { tokenUrl: INFO.tokenUrl, scopes: SCOPES });
  });

  it('adds the problems that the edge answers, unless a route says more about one', () => {
    const { responses } = operation('submitOrder');
    assert.deepEqual(Object.keys(responses as object), [
      '202',
      '400',
      '401',
      '403',
      '408',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    assert.deepEqual(responses['422'], { $ref: '#/components/responses/Invalid' });
    assert.deepEqual(Object.keys(responses['409'].content as object), ['application/problem+json']);
    assert.ok('404' in operation('getOrder')['responses']);
    assert.equal(operation('getOrder')['responses']['304'].content, undefined);
  });

  it('gives every common problem an example that its own schema accepts', () => {
    const { responses } = document['components'] as Record<string, Record<string, Record<string, any>>>;
    for (const [name, response] of Object.entries(responses ?? {})) {
      const { example } = response['content']['application/problem+json'];
      for (const member of ['type', 'title', 'status', 'detail', 'code', 'requestId'])
        assert.ok(example[member], `${name} has no ${member}`);
    }
  });

  it('describes query, header and path parameters', () => {
    assert.deepEqual(
      operation('getOrder')['parameters'].map((parameter: Record<string, unknown>) => [
        parameter['name'],
        parameter['in'],
        parameter['required'],
      ]),
      [
        ['orderId', 'path', true],
        ['at', 'query', false],
      ],
    );
    assert.deepEqual(
      operation('submitOrder')['parameters'].map((parameter: Record<string, unknown>) => parameter['in']),
      ['header'],
    );
  });

  it('refers to named schemas, and tells what is sent from what is answered where the two differ', () => {
    const { schemas } = document['components'] as Record<string, Record<string, any>>;
    assert.deepEqual(
      Object.keys(schemas ?? {}).filter((name) => name.startsWith('Line')),
      ['Line', 'LineAnswer'],
    );
    assert.deepEqual(schemas?.['Line'].required, ['sku']);
    assert.deepEqual(schemas?.['LineAnswer'].required, ['sku', 'quantity']);
    assert.equal(schemas?.['Line'].additionalProperties, false, 'unknown members of a request are refused');
    assert.equal(schemas?.['LineAnswer'].additionalProperties, undefined, 'an answer may gain members');
  });

  it('survives a schema that JSON Schema has no words for', () => {
    assert.deepEqual(new ComponentSchemas().refer(z.object({ big: z.bigint() }), 'output')['properties'], { big: {} });
  });

  it('of the gateway itself is sound, and served', async () => {
    await using site = await openSite();
    const served = await site.call('GET', '/openapi.json');
    assert.equal(served.headers.get('content-type'), 'application/json');
    assertSound((await served.json()) as JsonSchema);
  });
});
