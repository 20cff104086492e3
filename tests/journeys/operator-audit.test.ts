import assert from 'node:assert/strict';
import { until } from '@sagahub/hub/harness/until.ts';
import { ApiDescription } from '../support/api-description.ts';
import { journeyHub } from './journey.ts';

/** Paths of acts that change orders. */
const CHANGES_ORDERS = /\/(dead-letters|redrives|orders|work)\b/;

/** Every route of the hub's own description: what is added later is examined without another line here. */
describe('journey: what operators do is recorded', () => {
  const journey = journeyHub();
  const acts = async (query: string): Promise<any[]> =>
    (await journey.hub.client('auditor').get(`/api/v1/audit/operators?limit=500${query}`)).body.items;
  const changing = async () =>
    (await ApiDescription.of(journey.hub.url)).operations.filter(
      ({ method, security }) => method !== 'GET' && security.some(({ oauth }) => oauth.includes('admin')),
    );
  const filled = (path: string) => path.replaceAll(/\{\w+\}/g, 'something');

  it('by every route that changes something, even when it is refused', async () => {
    const operations = await changing();
    assert.ok(operations.length > 20, `${operations.length} operations`);
    const operator = journey.hub.client('operator');
    for (const { method, path, requestBody } of operations) await operator.call(method, filled(path), requestBody ? { body: {} } : {});
    const recorded = await until(
      'every act being shown',
      () => acts(''),
      (found) =>
        operations.every(({ operationId }) => found.some(({ action, outcome }) => action === operationId && outcome !== 'unknown')),
    ).catch(() => acts(''));
    const missing = operations.filter(({ operationId }) => !recorded.some(({ action }) => action === operationId));
    assert.deepEqual(
      missing.map(({ operationId }) => operationId),
      [],
    );
  });

  it('with a reason wherever it changes an order: the description asks for one', async () => {
    const document = (await (await fetch(`${journey.hub.url}/openapi.json`)).json()) as any;
    const schemaOf = ({ content }: any) => {
      const schema = Object.values<any>(content)[0].schema;
      return schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema;
    };
    const operations = (await changing()).filter(({ path }) => CHANGES_ORDERS.test(path));
    assert.ok(operations.length >= 8, `${operations.length} operations`);
    const without = operations.filter(({ requestBody }) => !requestBody || !schemaOf(requestBody).required?.includes('reason'));
    assert.deepEqual(
      without.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  });

  it('so that an auditor finds who did what, when, why and from where, and what it led to', async () => {
    const { hub } = journey;
    const operator = hub.client('operator');
    await operator.post('/api/v1/admin/partners', { partnerId: 'globex', name: 'Globex' });
    const added = await operator.post('/api/v1/admin/partners/globex/clients', { clientId: 'globex-1', scopes: ['orders:read'] });
    const headers = { 'x-correlation-id': 'ticket-4711' };
    await operator.post('/api/v1/admin/partners/globex/suspend', { reason: 'unpaid, ticket 4711' }, headers);
    const [act] = await until(
      'it is shown',
      () => acts('&object=partners%2Fglobex&action=suspendPartner&outcome=done'),
      (found) => found.length > 0,
    );
    assert.deepEqual(
      [act.by, act.action, act.reason, act.correlationId],
      ['client:operator', 'suspendPartner', 'unpaid, ticket 4711', 'ticket-4711'],
    );
    assert.match(act.remoteAddress, /127\.0\.0\.1/);
    const { text } = await hub.client('auditor').get('/api/v1/events?stream=partner-globex');
    const event = JSON.parse(text.trim().split('\n').at(-1)!);
    assert.deepEqual(
      [event.type, event.metadata.correlationId, event.metadata.actor],
      ['PartnerSuspended', 'ticket-4711', 'client:operator'],
    );
    assert.equal((await acts('&correlationId=ticket-4711')).length, 1);
    assert.equal((await acts('&by=nobody')).length, 0);

    const made = await until(
      'it is shown',
      () => acts('&object=clients%2Fglobex-1'),
      (found) => found.length > 0,
    );
    assert.equal(made[0].action, 'addClient');
    const everything = (await hub.client('auditor').get('/api/v1/events')).text;
    assert.ok(!everything.includes(added.body.clientSecret));
  });

  it('in pages that follow each other', async () => {
    const auditor = journey.hub.client('auditor');
    const all = (await acts('')).map(({ actId }) => actId);
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await auditor.get(`/api/v1/audit/operators?limit=7${cursor}`);
      seen.push(...body.items.map(({ actId }: { actId: string }) => actId));
      if (body.next === undefined) break;
      cursor = `&cursor=${encodeURIComponent(body.next)}`;
    }
    assert.deepEqual(seen, all);
  });
});
