import assert from 'node:assert/strict';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import type { Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { eventTypes, journeyHub, orderIn, place } from './journey.ts';

describe('journey: the ERP is away', () => {
  const journey = journeyHub();
  afterEach(() => journey.hub.erp.behave(WELL_BEHAVED));

  it('opens the breaker, lets orders wait and say why, and completes them all when it is back, through a kill', async () => {
    const demo = journey.hub.client('demo');
    await journey.hub.erp.behave({ outage: 'unavailable' });
    const orders = await Promise.all(Array.from({ length: 30 }, (_, i) => place(demo, anOrder(`OUT-${i}`))));
    const breakers = await until(
      'the breaker opening',
      () => journey.hub.client('operator').get('/api/v1/admin/breakers'),
      ({ body }) => body.items[0]?.state === 'open',
    );
    assert.match(JSON.stringify(breakers.body.items[0]), /503/);
    const waiting = await until(
      'the order saying why it waits',
      () => demo.get(`/api/v1/orders/${orders.at(-1)}`),
      ({ body }) => body.status === 'waiting' && body.waiting.reason !== undefined,
    );
    assert.equal(waiting.body.waiting.for, 'erp');

    await journey.hub.kill();
    await journey.hub.startAgain();
    await journey.hub.erp.behave(WELL_BEHAVED);
    for (const orderId of orders) await orderIn(demo, orderId, 'completed');
    assert.equal(journey.hub.erp.stats().ledger.doubled, 0);
  });

  it('leaves an order that used up its attempts to an operator, who sends it again', async () => {
    const demo = journey.hub.client('demo');
    const operator = journey.hub.client('operator');
    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'starting from a closed breaker' });
    await journey.hub.erp.behave({ failureRate: 1 });
    const orderId = await place(demo, anOrder('STUCK-1'));
    const stuck = await until(
      'the order running out of attempts',
      async () => {
        await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'let it try' });
        return demo.get(`/api/v1/orders/${orderId}`);
      },
      ({ body }) => body.status === 'stuck',
    );
    const letter = await openLetterOf(operator, orderId);
    assert.ok(letter.attempts >= 4, stuck.text);

    await journey.hub.erp.behave(WELL_BEHAVED);
    const redriven = await operator.post(`/api/v1/admin/dead-letters/${letter.deadLetterId}/redrive`, { reason: 'the ERP is well again' });
    assert.ok(redriven.status < 300, redriven.text);
    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'it is well again' });
    await orderIn(demo, orderId, 'completed');
    assert.ok((await eventTypes(journey.hub.client('auditor'), orderId)).includes('ErpSubmissionRetried'));
    const again = await operator.post(`/api/v1/admin/dead-letters/${letter.deadLetterId}/redrive`, { reason: 'twice' });
    assert.equal(again.status, 409);
  });

  it('stops at a wrong credential, rejects nobody, and goes on when it is mended', async () => {
    const demo = journey.hub.client('demo');
    await journey.hub.erp.behave({ bearer: 'another-token' });
    const orderId = await place(demo, anOrder('CRED-1'));
    await until(
      'the order saying why it waits',
      () => demo.get(`/api/v1/orders/${orderId}`),
      ({ body }) => body.status === 'waiting' && /401/.test(body.waiting.reason),
    );
    await journey.hub.erp.behave(WELL_BEHAVED);
    await orderIn(demo, orderId, 'completed');
  });
});

/** Letters are listed from the read model, which is a moment behind the order itself. */
const openLetterOf = async (
  operator: ApiClient,
  orderId: string,
): Promise<{ readonly deadLetterId: string; readonly attempts: number }> => {
  const letterIn = ({ body }: Answer) => body.items.find((item: { objectId: string }) => item.objectId === orderId);
  const listed = await until(
    'the dead letter being listed',
    () => operator.get('/api/v1/admin/dead-letters?state=open'),
    (answer) => letterIn(answer) !== undefined,
  );
  return letterIn(listed);
};
