import assert from 'node:assert/strict';
import { type ApiRequest, type ApiResponse, JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { ConflictError, StorageFullError } from '@sagahub/contracts/errors.ts';
import type { Append } from '@sagahub/contracts/ports/event-store.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { auditedRoutes } from './audited-routes.ts';

describe('audit of operators', () => {
  let appends: Append[];
  let failing: (Error | undefined)[];
  let handled: number;
  let answer: () => Promise<ApiResponse>;
  beforeEach(() => {
    [appends, failing, handled] = [[], [], 0];
    answer = () => Promise.resolve({ status: 200, body: {} });
  });

  const route = (more: Partial<Route> = {}): Route => ({
    method: 'POST',
    path: '/api/v1/admin/partners/:partnerId/suspend',
    scopes: ['admin'],
    body: JSON_BODY,
    operation: { operationId: 'suspendPartner', summary: '', tag: '', responses: {} },
    handle: () => {
      handled += 1;
      return answer();
    },
    ...more,
  });
  const call = (of: Route, body: unknown, scopes: readonly Scope[] = ['admin']): Promise<ApiResponse> => {
    const store = {
      append: (append: Append) => {
        const failure = failing.shift();
        if (failure) return Promise.reject(failure);
        appends.push(append);
        return Promise.resolve({ revision: appends.length - 1 });
      },
    };
    const [wrapped] = auditedRoutes([of], { store, clock: manualClock(), telemetry: recordTelemetry() });
    const request = {
      method: 'POST',
      url: '/api/v1/admin/partners/acme/suspend?x=1',
      params: { partnerId: 'acme' },
      body,
      principal: { clientId: 'op', partnerId: 'site', scopes: new Set(scopes), rateLimitPerMinute: 0 },
      correlationId: 'flow-1',
      requestId: 'r-1',
      remoteAddress: '10.0.0.7',
    } as unknown as ApiRequest;
    return wrapped!.handle(request);
  };
  const events = () => appends.flatMap((append) => append.events.map(({ type, data }) => ({ type, data })));

  it('records who did what, on what, why and from where, before it is done, and then what came of it', async () => {
    await call(route(), { reason: 'unpaid', secret: 'never recorded' });
    const [acted, ended] = events();
    const { actId, ...facts } = acted!.data;
    assert.deepEqual(facts, {
      by: 'client:op',
      partnerId: 'site',
      action: 'suspendPartner',
      method: 'POST',
      path: '/api/v1/admin/partners/acme/suspend',
      object: 'partners/acme',
      reason: 'unpaid',
      remoteAddress: '10.0.0.7',
      requestId: 'r-1',
    });
    assert.deepEqual(ended, { type: 'OperatorActEnded', data: { actId, outcome: 'done' } });
    assert.doesNotMatch(JSON.stringify(appends), /never recorded/);
    assert.equal(appends[0]?.events[0]?.metadata.correlationId, 'flow-1');
  });

  it('does nothing that it could not record', async () => {
    failing = [new StorageFullError(new Error('full'))];
    await assert.rejects(call(route(), { reason: 'unpaid' }), StorageFullError);
    assert.equal(handled, 0);
  });

  it('lets stand what was done, though its end could not be recorded', async () => {
    failing = [undefined, new StorageFullError(new Error('full'))];
    assert.equal((await call(route(), {})).status, 200);
    assert.equal(appends.length, 1);
  });

  it('tells what was refused and by which code, whoever refused it', async () => {
    answer = () => Promise.reject(new ConflictError('HUB_CLIENT_REVOKED', 'was revoked'));
    await assert.rejects(call(route(), {}));
    answer = () => Promise.reject(new TypeError('a bug'));
    await assert.rejects(call(route(), {}));
    answer = () => Promise.resolve({ status: 409, body: Buffer.from('{"code":"HUB_ORDER_ENDED"}') });
    await call(route(), {});
    const codes = events().flatMap(({ data }) => ('code' in data ? [data['code']] : []));
    assert.deepEqual(codes, ['HUB_CLIENT_REVOKED', 'HUB_INTERNAL', 'HUB_ORDER_ENDED']);
  });

  it('reads the reason of what it only passes on, and names what was made', async () => {
    answer = () => Promise.resolve({ status: 201, headers: { location: '/api/v1/admin/clients/a%20b' }, body: new Uint8Array() });
    await call(route({ path: '/api/v1/admin/partners' }), '{"reason":"new"}');
    const [acted, ended] = events();
    assert.deepEqual([acted?.data['object'], acted?.data['reason'], ended?.data['object']], ['partners', 'new', 'clients/a b']);
  });

  it('leaves alone what changes nothing, what is not for operators, and who is none', async () => {
    await call(route({ method: 'GET' }), undefined);
    await call(route({ scopes: ['orders:write'] }), {});
    await call(route({ scopes: ['webhooks:manage', 'admin'] }), {}, ['webhooks:manage']);
    assert.deepEqual([appends.length, handled], [0, 3]);
  });
});
