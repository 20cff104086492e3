import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';

/** How many dead letters; 10,000 are what the hub promises, and take some minutes. */
const LETTERS = Number(process.env['HUB_TEST_REDRIVES'] ?? 600);
const AT_ONCE = 32;
const RATE_PER_SECOND = 500;
const TIMEOUT_MS = 120_000 + LETTERS * 60;

/** Attempts are used up at once, and the breaker stays closed. */
const ENV = {
  HUB_ERP_TIMEOUT: '5s',
  HUB_ERP_RETRY_DELAYS: '1ms',
  HUB_BREAKER_FAILURES: '1000000',
  HUB_BREAKER_MINIMUM_CALLS: '100000',
  HUB_PARTNER_RATE_LIMIT_PER_MINUTE: '0',
  HUB_LOG_LEVEL: 'error',
};

describe('a hub that is killed while it redrives', () => {
  it(`has an outcome for each of ${LETTERS} dead letters in the end, and did nothing twice`, async () => {
    await using hub = await HubProcess.start({ env: ENV, erp: { failureRate: 1 } });
    const demo = hub.client('demo');
    const operator = hub.client('operator');
    const stuck: string[] = [];
    let number = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (number < LETTERS) {
          const { status, body, text } = await demo.post('/api/v1/orders', anOrder(`KILL-${number++}`));
          assert.equal(status, 202, text);
          stuck.push(body.orderId);
        }
      }),
    );
    const openLetters = async () => {
      const { body } = await operator.get('/api/v1/admin/dead-letters/causes');
      return body.items.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    };
    await until('all orders becoming dead letters', openLetters, (count) => count === LETTERS, TIMEOUT_MS / 2);
    await hub.erp.behave(WELL_BEHAVED);

    const body = { filter: {}, ratePerSecond: RATE_PER_SECOND, reason: 'the ERP was repaired' };
    const { body: started } = await operator.post('/api/v1/admin/redrives', body);
    const path = `/api/v1/admin/redrives/${started.redriveId}`;
    const doneOf = async (): Promise<number> => {
      const { counts } = (await operator.get(path)).body as { counts: Record<string, number> };
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    };
    for (const share of [0.25, 0.6]) {
      await until(`${share} of the items being done`, doneOf, (done) => done >= share * LETTERS, TIMEOUT_MS / 2);
      await hub.kill();
      await hub.startAgain();
    }
    await until(
      'the redrive finishing',
      () => operator.get(path),
      (answer) => answer.body.status === 'finished',
      TIMEOUT_MS / 2,
    );

    const items: { readonly objectId: string; readonly outcome: string; readonly reference: string }[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: any = (await operator.get(`${path}/items?limit=500${cursor && `&cursor=${cursor}`}`)).body;
      items.push(...page.items);
      cursor = page.next;
    }
    assert.equal(items.length, LETTERS);
    assert.deepEqual(
      items.filter(({ outcome }) => outcome !== 'applied' && outcome !== 'already-applied'),
      [],
    );
    assert.deepEqual(items.map(({ objectId }) => objectId).toSorted(), stuck.toSorted());
    assert.equal(new Set(items.map(({ reference }) => reference)).size, LETTERS, 'each has a reference of its own');
    const { ledger } = hub.erp.stats();
    assert.deepEqual([ledger.live, ledger.doubled], [LETTERS, 0]);
    const auditor = hub.client('auditor');
    // One act for each, however often the hub died between the act and its record.
    const acts = (await auditor.get('/api/v1/events?type=ErpSubmissionRetried')).text.split('\n').filter((line) => line !== '');
    assert.equal(acts.length, LETTERS);
  }).timeout(TIMEOUT_MS);
});
