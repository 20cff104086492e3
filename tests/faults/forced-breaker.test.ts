import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';

const ORDERS = 1_000;
const SENDERS = 16;

describe('a breaker that is opened by hand', () => {
  it(`keeps ${ORDERS} orders waiting through a kill, spends no attempt, and lets all complete once it is closed`, async () => {
    await using hub = await HubProcess.start({ env: { HUB_ERP_TIMEOUT: '5s' } });
    const operator = hub.client('operator');
    const breaker = async () => (await operator.get('/api/v1/admin/breakers/erp')).body;
    const stats = async (): Promise<any> => (await fetch(`${hub.managementUrl}/stats`)).json();
    await operator.post('/api/v1/admin/breakers/erp/open', { reason: 'maintenance of the ERP' });

    const demo = hub.client('demo');
    const numbers = Array.from({ length: ORDERS }, (_, index) => `FB-${index}`);
    const send = async () => {
      for (let number = numbers.pop(); number !== undefined; number = numbers.pop())
        assert.equal((await demo.post('/api/v1/orders', anOrder(number))).status, 202);
    };
    await Promise.all(Array.from({ length: SENDERS }, send));
    await hub.kill();
    await hub.startAgain();
    const { state, by, cause } = await breaker();
    assert.deepEqual([state, by, cause], ['open', 'client:operator', 'maintenance of the ERP']);
    await until('all being known again', stats, ({ inFlight }) => inFlight === ORDERS);
    assert.equal(hub.erp.stats().requests, 0, 'nothing is sent while it is open');

    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'the ERP is back' });
    await until('all being completed', stats, ({ completed }) => completed === ORDERS);
    assert.equal([...hub.erp.ledger.effects()].length, ORDERS);
    const { history } = await breaker();
    assert.deepEqual(
      history.map(({ state: became, by: who, reason }: any) => [became, who, reason]),
      [
        ['closed', 'client:operator', 'the ERP is back'],
        ['open', 'client:operator', 'maintenance of the ERP'],
      ],
    );
    const { text } = await hub.client('auditor').get('/api/v1/events?type=OrderSentToErp');
    const attempts = text
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line).data.attempt as number);
    assert.equal(attempts.length, ORDERS);
    assert.ok(
      attempts.every((attempt: number) => attempt === 1),
      'no attempt was spent while it was open',
    );
  }).timeout(180_000);
});
