import assert from 'node:assert/strict';
import { type Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { statsOf } from '../faults/evidence.ts';
import { journeyHub } from './journey.ts';

/** Far more at once than one place and the eight who may wait for it. */
const AT_ONCE = 60;

describe('journey: more comes than can be taken in', () => {
  const journey = journeyHub({ env: { HUB_INTAKE_CONCURRENCY: '1' } });
  const post = (client: ApiClient, orderNumber: string): Promise<Answer> => client.post('/api/v1/orders', anOrder(orderNumber));
  const flood = (client: ApiClient, prefix: string): Promise<readonly Answer[]> =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => post(client, `${prefix}-${n}`)));
  const isRefusal = ({ status }: Answer): boolean => status === 503 || status === 429;

  it('refuses the rest with 503 and Retry-After, accepts it when it comes again, and has every accepted order in its log', async () => {
    const demo = journey.hub.client('demo');
    await demo.token();
    const answers = await flood(demo, 'MUCH');
    const refused = answers.filter(isRefusal);
    assert.ok(refused.length > 0 && refused.length < AT_ONCE, `${refused.length} of ${AT_ONCE} were refused`);
    for (const { status, headers, body } of refused) {
      assert.deepEqual([status, body.code], [503, 'HUB_OVERLOADED']);
      assert.match(headers.get('retry-after') ?? '', /^[123]$/);
    }
    assert.ok(answers.every((answer) => answer.status === 202 || isRefusal(answer)));
    for (const [n, answer] of answers.entries()) {
      if (isRefusal(answer)) assert.equal((await post(demo, `MUCH-${n}`)).status, 202);
    }
    const { accepted } = await until(
      'all orders counted',
      () => statsOf(journey.hub),
      (stats) => stats.accepted >= AT_ONCE,
    );
    assert.equal(accepted, AT_ONCE);
  });

  it('lets another partner in beside a flood, and tells whoever floods with 429 to send less', async () => {
    const { hub } = journey;
    const operator = hub.client('operator');
    await operator.post('/api/v1/admin/partners', { partnerId: 'globex', name: 'Globex' });
    const { body } = await operator.post('/api/v1/admin/partners/globex/clients', { clientId: 'globex-shop', scopes: ['orders:write'] });
    const other = new ApiClient(() => hub.url, 'globex-shop', body.clientSecret as string);
    const demo = hub.client('demo');
    await Promise.all([demo.token(), other.token()]);
    let round = 0;
    const others: Answer[] = [];
    // A flood that is over before the other partner is about was unfair to nobody.
    const unfair = await until(
      'the flood being told to send less',
      async () => {
        const prefix = `FLOOD-${++round}`;
        const flooding = Promise.all([flood(demo, prefix), flood(demo, `${prefix}-more`)]);
        for (let n = 0; n < 5; n += 1) others.push(await post(other, `SINGLE-${round}-${n}`));
        return (await flooding).flat().filter(({ status }) => status === 429);
      },
      (refused) => refused.length > 0,
    );
    assert.deepEqual([...new Set(others.map(({ status }) => status))], [202]);
    for (const { headers, body: problem } of unfair) {
      assert.equal(problem.code, 'HUB_FAIR_SHARE_EXCEEDED');
      assert.match(headers.get('retry-after') ?? '', /^[123]$/);
    }
  });

  it('goes on answering probes, partners who look, and operators', async () => {
    const { hub } = journey;
    const demo = hub.client('demo');
    const operator = hub.client('operator');
    await Promise.all([demo.token(), operator.token()]);
    const over = new AbortController();
    const flooding = flood(demo, 'BESIDE').finally(() => over.abort());
    const statuses = new Set<number>();
    while (!over.signal.aborted) {
      const looks = [demo.get('/api/v1/orders'), operator.get('/api/v1/admin/partners'), fetch(`${hub.url}/health/ready`)];
      for (const { status } of await Promise.all<{ readonly status: number }>(looks)) statuses.add(status);
    }
    assert.ok((await flooding).some(isRefusal));
    assert.deepEqual([...statuses], [200]);
  });

  it('counts what it refused, and shows how much it takes', async () => {
    const text = await (await fetch(`${journey.hub.managementUrl}/metrics`)).text();
    assert.match(text, /^hub_intake_shed_total\{[^}]*reason="overloaded"[^}]*\} [1-9]/m);
    assert.match(text, /^hub_intake_shed_total\{[^}]*reason="fair-share"[^}]*\} [1-9]/m);
    assert.match(text, /^hub_intake_limit(\{[^}]*\})? 1$/m);
  });
});
