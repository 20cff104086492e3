import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { type ErpSimulator, type ErpSimulatorOptions, startErpSimulator } from './simulator.ts';

const order = (externalOrderId: string, changes: Record<string, unknown> = {}) => ({
  externalOrderId,
  orderNumber: `PO-${externalOrderId}`,
  partnerId: 'acme',
  currency: 'EUR',
  customerId: 'C-1',
  items: [{ lineNumber: 1, sku: 'SKU-1', quantity: '2', unitPrice: '19.90' }],
  subtotal: '39.80',
  discount: '0.00',
  total: '39.80',
  ...changes,
});
const post = (url: string, id: string, changes: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  fetch(`${url}/orders`, { method: 'POST', headers: { 'idempotency-key': id, ...headers }, body: JSON.stringify(order(id, changes)) });
const lookup = async (url: string, id: string) =>
  (await (await fetch(`${url}/orders?externalOrderId=${id}`)).json()) as { erpRef: string; status: string }[];

describe('ERP simulator', () => {
  const open: ErpSimulator[] = [];
  const start = async (options?: ErpSimulatorOptions) => {
    const erp = await startErpSimulator(options);
    open.push(erp);
    return erp;
  };
  afterEach(async () => {
    for (const erp of open.splice(0)) await erp[Symbol.asyncDispose]();
  });

  it('makes one order per key, and answers a repeat with the first reference', async () => {
    const erp = await start();
    const first = await post(erp.url, 'a');
    const { erpRef } = (await first.json()) as { erpRef: string };
    assert.equal(first.status, 201);
    const repeat = await post(erp.url, 'a');
    assert.deepEqual([repeat.status, await repeat.json()], [409, { erpRef, externalOrderId: 'a' }]);
    await erp.behave({ repeatStatus: 200 });
    assert.equal((await post(erp.url, 'a')).status, 200);
    assert.equal([...erp.ledger.effects()].length, 1);
  });

  it('cancels as often as it is asked, and shows it in look-ups and totals', async () => {
    const erp = await start();
    await post(erp.url, 'a');
    await post(erp.url, 'b', { total: '0.10' });
    await post(erp.url, 'c', { total: '0.20' });
    const [{ erpRef } = { erpRef: '' }] = await lookup(erp.url, 'a');
    for (let time = 0; time < 2; time += 1)
      assert.equal((await fetch(`${erp.url}/orders/${erpRef}/cancel`, { method: 'POST' })).status, 200);
    assert.equal((await lookup(erp.url, 'a'))[0]?.status, 'cancelled');
    assert.deepEqual(await lookup(erp.url, 'never'), []);
    assert.deepEqual(erp.ledger.totals(), { effects: 3, live: 2, cancelled: 1, doubled: 0, liveTotal: { EUR: '0.3' } });
  });

  it('makes a second order of the same key where duplicates are possible, and counts it as doubled', async () => {
    const erp = await start({ behaviour: { duplicates: 'possible' } });
    await Promise.all([post(erp.url, 'a'), post(erp.url, 'a')]);
    assert.equal((await lookup(erp.url, 'a')).length, 2);
    assert.equal(erp.ledger.totals().doubled, 1);
  });

  it('does the work and drops the connection', async () => {
    const erp = await start({ behaviour: { lostAnswerRate: 1 } });
    await assert.rejects(post(erp.url, 'a'));
    assert.equal(erp.ledger.liveEffects().length, 1);
  });

  it('does the work after the caller gave up, and shows new orders late', async () => {
    const clock = manualClock();
    const erp = await start({ behaviour: { slowCommitRate: 1, slowCommitMs: 5_000, lookupDelayMs: 2_000 }, clock });
    const caller = new AbortController();
    const call = fetch(`${erp.url}/orders`, { method: 'POST', body: JSON.stringify(order('a')), signal: caller.signal });
    await clock.sleeping(1);
    caller.abort();
    await assert.rejects(call);
    assert.equal(erp.ledger.liveEffects().length, 0);
    await clock.advance(5_000);
    assert.equal(erp.ledger.liveEffects().length, 1);
    assert.deepEqual(await lookup(erp.url, 'a'), []);
    await clock.advance(2_000);
    assert.equal((await lookup(erp.url, 'a')).length, 1);
  });

  it('refuses by article and by customer, doing nothing', async () => {
    const erp = await start({ behaviour: { refusedSkus: ['SKU-1'], refusedCustomers: ['C-9'] } });
    assert.equal((await post(erp.url, 'a')).status, 422);
    assert.equal((await post(erp.url, 'b', { customerId: 'C-9', items: [{ sku: 'SKU-2' }] })).status, 422);
    assert.equal((await post(erp.url, 'c', { items: [{ sku: 'SKU-2' }] })).status, 201);
    assert.equal(erp.ledger.totals().effects, 1);
  });

  it('asks for its bearer token and says when it is called too often', async () => {
    const erp = await start({ behaviour: { bearer: 'right' }, clock: manualClock() });
    assert.equal((await post(erp.url, 'a')).status, 401);
    assert.equal((await post(erp.url, 'a', {}, { authorization: 'Bearer right' })).status, 201);
    await erp.behave({ bearer: '', rateLimitPerSecond: 1, retryAfterSeconds: 7 });
    assert.equal((await post(erp.url, 'b')).status, 201);
    const limited = await post(erp.url, 'c');
    assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '7']);
  });

  it('goes away and comes back on the same port', async () => {
    const erp = await start();
    await erp.behave({ outage: 'unavailable' });
    assert.equal((await post(erp.url, 'a')).status, 503);
    await erp.behave({ outage: 'refused' });
    await assert.rejects(post(erp.url, 'a'), (error: Error) => (error.cause as NodeJS.ErrnoException).code === 'ECONNREFUSED');
    await erp.behave({ outage: 'none' });
    assert.equal((await post(erp.url, 'a')).status, 201);
  });

  it('garbles its answers', async () => {
    const erp = await start({ behaviour: { garbage: 'html' } });
    assert.match(await (await post(erp.url, 'a')).text(), /^<!doctype html>/);
    await erp.behave({ garbage: 'redirect' });
    assert.equal((await fetch(`${erp.url}/orders`, { method: 'POST', body: JSON.stringify(order('a')), redirect: 'manual' })).status, 302);
    assert.equal(erp.ledger.totals().effects, 0);
    await erp.behave({ garbage: 'no-reference' });
    assert.deepEqual(await (await post(erp.url, 'a')).json(), { accepted: true });
    assert.equal(erp.ledger.totals().effects, 1);
  });

  it('fails at the rate it is told, the same calls for the same seed', async () => {
    const failures = async (seed: number) => {
      const erp = await start({ seed, behaviour: { failureRate: 0.5 } });
      const statuses: number[] = [];
      for (let index = 0; index < 40; index += 1) statuses.push((await post(erp.url, String(index))).status);
      return statuses;
    };
    const first = await failures(7);
    assert.deepEqual(await failures(7), first);
    const failed = first.filter((status) => status === 500).length;
    assert.ok(failed > 10 && failed < 30, `${failed} of 40 failed`);
  });

  it('is switched over HTTP, on a socket of its own while the ERP is away, and names what it does not understand', async () => {
    const erp = await start();
    const put = (body: unknown) => fetch(`${erp.controlUrl}/_simulator/behaviour`, { method: 'PUT', body: JSON.stringify(body) });
    await put({ outage: 'refused' });
    await assert.rejects(post(erp.url, 'a'));
    await put({ outage: 'none' });
    await post(erp.url, 'a');
    for (const [wrong, named] of [
      [{ outage: 'maybe' }, /outage must be none or unavailable/],
      [{ failureRate: 2 }, /failureRate must be a share/],
      [{ latency: 1 }, /latency is no behaviour/],
      [{ refusedSkus: [1] }, /refusedSkus must be a list/],
    ] as const) {
      const answer = await put(wrong);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), named);
    }
    assert.match(await (await fetch(`${erp.url}/_simulator/ledger`)).text(), /"externalOrderId":"a"/);
    assert.equal((await fetch(`${erp.url}/_simulator/ledger`, { method: 'DELETE' })).status, 204);
    const stats = (await (await fetch(`${erp.controlUrl}/_simulator/stats`)).json()) as {
      submissions: number;
      ledger: { effects: number };
    };
    assert.deepEqual([stats.submissions, stats.ledger.effects], [1, 0]);
  });

  describe('kept in a folder', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'erp-simulator-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('knows every effect it answered for after its process was killed', async () => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '0', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const { url } = JSON.parse(line.toString()) as { url: string };
      const answered = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => ((await (await post(url, `order-${index}`)).json()) as { erpRef: string }).erpRef),
      );
      await fetch(`${url}/orders/${answered[0]}/cancel`, { method: 'POST' });
      child.kill('SIGKILL');
      await once(child, 'exit');

      const erp = await start({ folder });
      assert.deepEqual([...erp.ledger.effects()].map((effect) => effect.erpRef).toSorted(), answered.toSorted());
      assert.equal(erp.ledger.liveEffects().length, 49);
      assert.equal((await post(erp.url, 'order-1')).status, 409);
    });

    it('drops a line that was cut short, and goes on behind it', async () => {
      const first = await startErpSimulator({ folder });
      await post(first.url, 'a');
      await first[Symbol.asyncDispose]();
      await appendFile(join(folder, 'erp-ledger.ndjson'), '{"made":{"erpRef":"ERP-0');

      const second = await startErpSimulator({ folder });
      await post(second.url, 'b');
      await second[Symbol.asyncDispose]();
      const third = await start({ folder });
      assert.deepEqual(
        [...third.ledger.effects()].map((effect) => effect.externalOrderId),
        ['a', 'b'],
      );
    });
  });
});
