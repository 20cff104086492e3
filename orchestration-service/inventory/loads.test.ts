import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { HubError, UnavailableError, ValidationError } from '@sagahub/contracts/errors.ts';
import { discountStream, stockStream } from '@sagahub/contracts/messages/inventory.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { newEvent } from './loading.ts';
import { seedInventory } from './seed.ts';
import { startInventory } from './start.ts';
import { loadLevels } from './stock-levels.ts';
import { ACT, inventorySite, type InventorySite } from './testing/site.ts';

const STOCK = '/api/v1/admin/inventory';
const DISCOUNTS = '/api/v1/admin/discounts';
const freeOf = async ({ ports }: InventorySite, sku: string) => (await ports.stock.balances({ skus: [sku] }))[0]?.free;
const rejectsWith = (code: string) => (error: unknown) => error instanceof HubError && error.code === code;
const faultsOf = async (answer: Promise<unknown>) => {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ValidationError);
  return error.extensions.errors;
};

describe('inventory loads', () => {
  it('are facts first, then in the table, then stated as the change they were', async () => {
    await using site = await inventorySite();
    const { status, body } = await site.call('PUT', STOCK, {
      body: {
        items: [
          { sku: 'A', available: '10' },
          { sku: 'B', available: 3 },
        ],
      },
    });
    assert.equal(status, 200);
    assert.deepEqual(body, {
      items: [
        { sku: 'A', available: '10', change: '10', revision: 0 },
        { sku: 'B', available: '3', change: '3', revision: 0 },
      ],
    });
    assert.deepEqual(await site.dataOf(stockStream('A')), [
      ['StockLevelSet', { sku: 'A', available: '10', by: 'client:operator' }],
      ['StockLevelApplied', { sku: 'A', change: '10', levelRevision: 0 }],
    ]);
    assert.equal(await freeOf(site, 'B'), '3');
  });

  it('set what is free beyond what orders hold', async () => {
    await using site = await inventorySite();
    await loadLevels(site.ports, [{ sku: 'A', available: '10' }], ACT);
    await site.takes('o1', [{ sku: 'A', quantity: '4' }]);
    const [loaded] = await loadLevels(site.ports, [{ sku: 'A', available: '10' }], ACT);
    assert.deepEqual(loaded, { sku: 'A', available: '10', change: '4', revision: 2 });
    assert.deepEqual((await site.call('GET', `${STOCK}/A`)).body, { sku: 'A', free: '10', held: '4', revision: 2 });
  });

  it('of the same SKU at once all count, and the table agrees with the log', async () => {
    await using site = await inventorySite();
    await Promise.all(Array.from({ length: 8 }, (_, i) => loadLevels(site.ports, [{ sku: 'A', available: String(i) }], ACT)));
    const events = await site.ports.store.readStream(stockStream('A'));
    const sets = events.filter(({ type }) => type === 'StockLevelSet');
    const applied = events.filter(({ type }) => type === 'StockLevelApplied').map(({ data }) => Number(data['change']));
    assert.equal(sets.length, 8);
    assert.equal(applied.length, 8);
    assert.equal(
      applied.reduce((sum, change) => sum + change, 0),
      Number(sets.at(-1)!.data['available']),
    );
    assert.equal(await freeOf(site, 'A'), sets.at(-1)!.data['available']);
  });

  it('take CSV, and name the line of every fault', async () => {
    await using site = await inventorySite();
    await site.call('PUT', STOCK, { body: 'sku,available\nA,10\n"B, big",2.5\n' });
    assert.equal(await freeOf(site, 'B, big'), '2.5');
    assert.deepEqual(await faultsOf(site.call('PUT', STOCK, { body: 'sku,available\nC,1\n\nD,-1\n' })), [
      { pointer: '#/items/1/available', code: 'not-a-decimal-string', detail: 'line 4: must not be negative' },
    ]);
    assert.equal(await freeOf(site, 'C'), undefined);
  });

  it('list every fault with its pointer, and change nothing then', async () => {
    await using site = await inventorySite();
    const items = [
      { sku: 'A', available: '1' },
      { sku: 'A', available: 1.5 },
      { sku: '', available: '-2' },
      { sku: 'C', available: '1', x: 1 },
      7,
    ];
    const faults = await faultsOf(site.call('PUT', STOCK, { body: { items } }));
    assert.deepEqual(
      faults.map(({ pointer, code }) => [pointer, code]),
      [
        ['#/items/1/available', 'wrong-type'],
        ['#/items/2/sku', 'not-an-identifier'],
        ['#/items/2/available', 'not-a-decimal-string'],
        ['#/items/3/x', 'unknown-field'],
        ['#/items/4', 'wrong-type'],
      ],
    );
    assert.deepEqual(
      (await faultsOf(site.call('PUT', STOCK, { body: { items: items.slice(0, 1).concat(items[0]!) } }))).map(({ pointer, code }) => [
        pointer,
        code,
      ]),
      [['#/items/1/sku', 'duplicate']],
    );
    assert.equal(await freeOf(site, 'A'), undefined);
  });

  it('of one SKU honour If-Match, and answer the new ETag', async () => {
    await using site = await inventorySite();
    const put = (available: string, match?: string) =>
      site.call('PUT', `${STOCK}/A%2FB`, { body: { available }, headers: { 'if-match': match } });
    await assert.rejects(put('1', '*'), rejectsWith('HUB_PRECONDITION_FAILED'));
    const first = await put('1');
    assert.equal(first.headers?.['ETag'], '"0"');
    assert.equal((await put('2', '"0"')).headers?.['ETag'], '"2"');
    await assert.rejects(put('3', '"0"'), rejectsWith('HUB_PRECONDITION_FAILED'));
    await assert.rejects(put('3', 'W/x'), rejectsWith('HUB_MALFORMED_REQUEST'));
    assert.equal(await freeOf(site, 'A/B'), '2');
    assert.equal((await put('4', '*')).status, 200);
  });

  it('refuse one tag for many items', async () => {
    await using site = await inventorySite();
    const items = [
      { sku: 'A', available: '1' },
      { sku: 'B', available: '1' },
    ];
    await assert.rejects(
      site.call('PUT', STOCK, { body: { items }, headers: { 'if-match': '"0"' } }),
      rejectsWith('HUB_MALFORMED_REQUEST'),
    );
  });

  it('are listed in pages', async () => {
    await using site = await inventorySite();
    await loadLevels(
      site.ports,
      ['C', 'A', 'B é'].map((sku) => ({ sku, available: '1' })),
      ACT,
    );
    const first = (await site.call('GET', STOCK, { query: { limit: '2' } })).body as any;
    assert.deepEqual(
      first.items.map(({ sku }: { sku: string }) => sku),
      ['A', 'B é'],
    );
    const second = (await site.call('GET', STOCK, { query: { limit: '2', cursor: first.next } })).body as any;
    assert.deepEqual([second.items.map(({ sku }: { sku: string }) => sku), second.next], [['C'], undefined]);
  });

  it('of discounts are facts too, keep what was redeemed, and honour If-Match', async () => {
    await using site = await inventorySite();
    const item = { code: 'TEN', percent: '10', maxRedemptions: 2, validTo: '2027-01-01T00:00:00Z' };
    assert.deepEqual((await site.call('PUT', DISCOUNTS, { body: { items: [item] } })).body, { items: [{ code: 'TEN', revision: 0 }] });
    await site.takes('o1', [], 'TEN');
    const { code: _code, ...terms } = item;
    const changed = await site.call('PUT', `${DISCOUNTS}/TEN`, { body: { ...terms, percent: '12.5' }, headers: { 'if-match': '"0"' } });
    assert.equal(changed.headers?.['ETag'], '"1"');
    await assert.rejects(
      site.call('PUT', `${DISCOUNTS}/TEN`, { body: terms, headers: { 'if-match': '"0"' } }),
      rejectsWith('HUB_PRECONDITION_FAILED'),
    );
    assert.deepEqual((await site.call('GET', `${DISCOUNTS}/TEN`)).body, { ...item, percent: '12.5', revision: 1, redeemed: 1 });
    assert.equal((await site.dataOf(discountStream('TEN'))).length, 2);
  });

  it('of discounts refuse percentages and periods that make no sense', async () => {
    await using site = await inventorySite();
    const items = [
      { code: 'A', percent: '0' },
      { code: 'B', percent: '100.5' },
      { code: 'C', percent: '10', validFrom: '2027-01-01T00:00:00Z', validTo: '2026-01-01T00:00:00Z' },
      { code: 'D', percent: '10', maxRedemptions: 0 },
    ];
    const faults = await faultsOf(site.call('PUT', DISCOUNTS, { body: { items } }));
    assert.deepEqual(
      faults.map(({ pointer, code }) => [pointer, code]),
      [
        ['#/items/0/percent', 'not-a-percentage'],
        ['#/items/1/percent', 'not-a-percentage'],
        ['#/items/2/validTo', 'not-after-start'],
        ['#/items/3/maxRedemptions', 'too-small'],
      ],
    );
  });

  it('know nothing of what was never loaded', async () => {
    await using site = await inventorySite();
    await assert.rejects(site.call('GET', `${STOCK}/A`), rejectsWith('HUB_NOT_FOUND'));
    await assert.rejects(site.call('GET', `${DISCOUNTS}/A`), rejectsWith('HUB_NOT_FOUND'));
  });

  it('seed a demo once, and leave it to the orders then', async () => {
    await using site = await inventorySite();
    const seed = { skus: [{ sku: 'A', available: '5' }], discounts: [{ code: 'TEN', percent: '10' }] };
    await seedInventory(site.ports, seed);
    await site.takes('o1', [{ sku: 'A', quantity: '2' }]);
    await seedInventory(site.ports, seed);
    assert.equal(await freeOf(site, 'A'), '3');
    assert.equal((await site.dataOf(discountStream('TEN'))).length, 1);
  });
});

describe('inventory loads cut short by a crash', () => {
  const crashSite = () => inventorySite({ documents: true });
  const setOnly = (site: InventorySite, sku: string, available: string, expectedRevision = NO_STREAM) =>
    site.ports.store.append({
      stream: stockStream(sku),
      expectedRevision,
      events: [newEvent({ type: 'StockLevelSet', data: { sku, available, by: 'client:operator' } }, ACT, site.ports.clock.now())],
    });
  const restarted = async (site: InventorySite) => {
    await using started = startInventory(site.ports, site.unfinished);
    await started.caughtUp;
  };

  it('after the fact are applied at the next start', async () => {
    await using site = await crashSite();
    await setOnly(site, 'A', '7');
    await restarted(site);
    assert.equal(await freeOf(site, 'A'), '7');
    assert.deepEqual((await site.dataOf(stockStream('A')))[1], ['StockLevelApplied', { sku: 'A', change: '7', levelRevision: 0 }]);
  });

  it('after the table was brought to it get their record, with the change it was', async () => {
    await using site = await crashSite();
    await loadLevels(site.ports, [{ sku: 'A', available: '2' }], ACT);
    await setOnly(site, 'A', '7', 1);
    await site.ports.stock.setLevels([{ sku: 'A', available: '7', revision: 2 }]);
    await site.takes('o1', [{ sku: 'A', quantity: '3' }]);
    await restarted(site);
    assert.deepEqual((await site.dataOf(stockStream('A')))[3], ['StockLevelApplied', { sku: 'A', change: '5', levelRevision: 2 }]);
    assert.equal(await freeOf(site, 'A'), '4');
  });

  it('are completed by the next load of the SKU when that comes first', async () => {
    await using site = await crashSite();
    await setOnly(site, 'A', '7');
    await loadLevels(site.ports, [{ sku: 'A', available: '9' }], ACT);
    assert.deepEqual(
      (await site.dataOf(stockStream('A'))).map(([type, data]) => [type, (data as any).change ?? (data as any).available]),
      [
        ['StockLevelSet', '7'],
        ['StockLevelApplied', '7'],
        ['StockLevelSet', '9'],
        ['StockLevelApplied', '2'],
      ],
    );
  });

  it('are looked for once: a second start finds nothing to do', async () => {
    await using site = await crashSite();
    await setOnly(site, 'A', '7');
    await restarted(site);
    await restarted(site);
    assert.equal((await site.dataOf(stockStream('A'))).length, 2);
  });

  it('of a discount are made up for at the next start', async () => {
    await using site = await crashSite();
    const event = newEvent({ type: 'DiscountDefined', data: { code: 'TEN', percent: '10', by: 'client:operator' } }, ACT, 0);
    await site.ports.store.append({ stream: discountStream('TEN'), expectedRevision: NO_STREAM, events: [event] });
    await restarted(site);
    assert.deepEqual(await site.ports.discounts.balances({ codes: ['TEN'] }), [{ code: 'TEN', percent: '10', revision: 0, redeemed: 0 }]);
  });
});

describe('inventory loads that fail half-way', () => {
  const AWAY = () => Promise.reject(new UnavailableError('HUB_ENGINE_UNAVAILABLE', 'the tables are away'));

  it('are made up for without a restart, as soon as the tables can be written again', async () => {
    await using site = await inventorySite({ documents: true });
    const { stock, discounts } = site.ports;
    const setLevels = stock.setLevels.bind(stock);
    const define = discounts.define.bind(discounts);
    await using started = startInventory(site.ports, site.unfinished);
    await started.caughtUp;
    stock.setLevels = AWAY;
    discounts.define = AWAY;
    await assert.rejects(
      site.call('PUT', STOCK, { body: { items: [{ sku: 'A', available: '7' }] } }),
      rejectsWith('HUB_ENGINE_UNAVAILABLE'),
    );
    const code = { code: 'TEN', percent: '10' };
    await assert.rejects(site.call('PUT', DISCOUNTS, { body: { items: [code] } }), rejectsWith('HUB_ENGINE_UNAVAILABLE'));
    assert.equal(await freeOf(site, 'A'), undefined);
    await site.ports.clock.sleeping(1);
    stock.setLevels = setLevels;
    discounts.define = define;
    await site.ports.clock.advance(5_000);
    await eventually('the level is applied', async () => (await site.dataOf(stockStream('A'))).length === 2);
    assert.equal(await freeOf(site, 'A'), '7');
    await eventually('the discount is defined', async () => (await discounts.balances({ codes: ['TEN'] })).length === 1);
  });

  it('are left to nobody when they were refused: nothing of them was recorded', async () => {
    await using site = await inventorySite();
    const put = site.call('PUT', `${STOCK}/A`, { body: { available: '1' }, headers: { 'if-match': '"3"' } });
    await assert.rejects(put, rejectsWith('HUB_PRECONDITION_FAILED'));
    let noted = false;
    void site.unfinished.arrival.then(() => (noted = true));
    await setImmediate();
    assert.equal(noted, false);
  });
});
