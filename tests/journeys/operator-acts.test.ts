import assert from 'node:assert/strict';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { eventTypes, journeyHub, orderIn, place } from './journey.ts';

/** So many failures that the breaker stays closed, and attempts are used up. */
const TOLERANT = { HUB_BREAKER_FAILURES: '1000', HUB_BREAKER_MINIMUM_CALLS: '100000' };

describe('journey: operators act on an order in trouble', () => {
  const journey = journeyHub({ env: { ...TOLERANT, HUB_ERP_RETRY_DELAYS: '10ms,10ms' } });
  const operator = () => journey.hub.client('operator');
  const demo = () => journey.hub.client('demo');
  afterEach(() => journey.hub.erp.behave(WELL_BEHAVED));

  const act = (orderId: string, name: string, body: object, headers: Record<string, string> = {}) =>
    operator().call('POST', `/api/v1/admin/orders/${orderId}/${name}`, { body: { reason: 'r', ...body }, headers });
  const stuckOrder = async (orderNumber: string): Promise<string> => {
    await journey.hub.erp.behave({ failureRate: 1 });
    const orderId = await place(demo(), anOrder(orderNumber));
    await orderIn(demo(), orderId, 'stuck');
    await journey.hub.erp.behave(WELL_BEHAVED);
    return orderId;
  };
  const letterOf = async (orderId: string): Promise<string> => {
    const { body } = await until(
      'the dead letter being listed',
      () => operator().get('/api/v1/admin/dead-letters?limit=500'),
      (answer) => answer.body.items.some((item: { objectId: string }) => item.objectId === orderId),
    );
    return body.items.find((item: { objectId: string }) => item.objectId === orderId).deadLetterId;
  };

  it('lets one of two win who act at once, and tells the other who did what, when and why', async () => {
    const orderId = await stuckOrder('RIVALS-1');
    // What the winner asks for is under way until all have been answered: once it had failed, asking for it again would be right.
    await journey.hub.erp.behave({ outage: 'silent' });
    const answers = await Promise.all([
      act(orderId, 'compensate', { reason: 'the customer left' }),
      act(orderId, 'compensate', { reason: 'the customer left too' }),
      act(orderId, 'resolve', { erp: 'live', erpRef: 'SO-1', reason: 'I saw it there' }),
    ]);
    const lost = answers.filter(({ status }) => status === 409);
    // Whatever order they came in: one of the two that give it up won, and what was seen at the ERP is taken in before or after.
    const [first, second] = answers;
    assert.deepEqual([first.status, second.status].includes(409), true, answers.map(({ text }) => text).join('\n'));
    assert.ok(lost.length < answers.length);
    for (const { body } of lost) {
      assert.equal(body.lastAct.by, 'client:operator');
      assert.match(body.lastAct.reason, /the customer left|I saw it there/);
      assert.match(body.detail, /client:operator did \w+ at 2\d{3}-/);
    }
  });

  it('refuses with 409 what was decided on an order that has changed since', async () => {
    const orderId = await stuckOrder('STALE-1');
    const { headers } = await operator().get(`/api/v1/orders/${orderId}`);
    const etag = headers.get('etag')!;
    assert.equal((await act(orderId, 'retry', {}, { 'if-match': etag })).status, 202);
    const late = await act(orderId, 'compensate', {}, { 'if-match': etag });
    assert.deepEqual([late.status, late.body.code, late.body.lastAct.did], [409, 'HUB_CHANGED_MEANWHILE', 'ErpSubmissionRetried']);
    assert.equal((await act(orderId, 'retry', {}, { 'if-match': 'yesterday' })).status, 400);
    await orderIn(demo(), orderId, 'completed');
    assert.equal((await act(orderId, 'retry', {})).body.code, 'HUB_NOTHING_TO_RETRY');
  });

  it('completes an order that the ERP is seen to have', async () => {
    const orderId = await stuckOrder('SEEN-1');
    assert.equal((await act(orderId, 'resolve', { erp: 'live' })).status, 422);
    assert.equal((await act(orderId, 'resolve', { erp: 'live', erpRef: 'SO-4711' })).status, 202);
    const { erpRef } = await orderIn(demo(), orderId, 'completed');
    assert.equal(erpRef, 'SO-4711');
    assert.ok((await eventTypes(journey.hub.client('auditor'), orderId)).includes('ResolvedByHand'));
  });

  it('ends an order that cannot be undone as partial, and hands over exactly what is left', async () => {
    const orderId = await stuckOrder('PARTIAL-1');
    // It is at the ERP after all, which does not give it back.
    await journey.hub.erp.behave({ outage: 'unavailable' });
    await act(orderId, 'compensate', {});
    await act(orderId, 'resolve', { erp: 'live', erpRef: 'SO-9' });
    await journey.hub.erp.behave({ ...WELL_BEHAVED, refuseCancellation: true });
    // It was stuck before for another reason.
    await until(
      'its cancellation being refused',
      () => demo().get(`/api/v1/orders/${orderId}`),
      ({ body }) => body.status === 'stuck' && body.deadLetters.some(({ origin }: { origin: string }) => origin === 'compensation'),
    );
    const skipped = await act(orderId, 'skip', { step: 'erp-cancel', reason: 'shipped; the customer keeps it' });
    assert.equal(skipped.status, 202, skipped.text);
    const { compensation, handover } = await orderIn(demo(), orderId, 'rejected');
    assert.equal(compensation, 'partial');
    assert.deepEqual(handover.undone, []);
    assert.deepEqual(
      handover.notUndone.map((taken: { of: string; erpRef?: string }) => taken.erpRef ?? taken.of),
      ['SO-9', 'stock'],
    );
    assert.equal((await act(orderId, 'skip', { step: 'stock' })).body.code, 'HUB_STEP_NOT_SKIPPABLE');
  });

  it('sends what was corrected, keeps what was sent before, and shows nobody what is personal', async () => {
    const orderId = await stuckOrder('EDITED-1');
    const path = `/api/v1/admin/dead-letters/${await letterOf(orderId)}`;
    const edit = (changes: readonly object[]) => operator().call('PATCH', path, { body: { changes, reason: 'known by another number' } });
    for (const pointer of ['/currency', '/total', '/items/0/lineNumber', '/partnerId'])
      assert.equal((await edit([{ pointer, value: '1' }])).status, 422, pointer);
    assert.equal((await edit([{ pointer: '/items/0/quantity', value: '999' }])).status, 422, 'the sum would change');
    assert.equal((await edit([{ pointer: '/items/99/sku', value: 'X' }])).status, 422);
    assert.equal((await edit([{ pointer: '/shipTo/country', value: 'Atlantis' }])).status, 422);
    const edited = await edit([
      { pointer: '/customerId', value: 'C-7777' },
      { pointer: '/shipTo/city', value: 'Grenoble' },
    ]);
    assert.equal(edited.status, 200, edited.text);
    const [customer, city] = edited.body.diff;
    assert.deepEqual([customer.pointer, customer.after], ['/customerId', 'C-7777']);
    assert.deepEqual(city, { pointer: '/shipTo/city', sealed: true });
    const shown = await until(
      'the dead letter showing it',
      () => operator().get(path),
      ({ body }) => body.payload.edited === true,
    );
    assert.equal(shown.body.payload.customerId, 'C-7777');
    assert.equal((await act(orderId, 'retry', {})).status, 202);
    await orderIn(demo(), orderId, 'completed');
    const auditor = journey.hub.client('auditor');
    const log = (await auditor.get(`/api/v1/events?stream=order-${orderId}`)).text;
    assert.match(log, /"before":"[^"]+","after":"C-7777"/);
    for (const { name, bytes } of await journey.hub.stored()) assert.ok(!bytes.includes('Grenoble'), `${name} has it in clear`);
    const late = await edit([{ pointer: '/customerId', value: 'C-1' }]);
    assert.deepEqual([late.status, late.body.code], [409, 'HUB_DEAD_LETTER_RESOLVED']);
  });
});
