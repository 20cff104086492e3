import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubProcess } from '../harness/hub-process.ts';
import { AN_ORDERS_TOTAL, anOrder } from '../harness/orders.ts';
import { until } from '../harness/until.ts';
import { EXIT } from './exit-codes.ts';
import { beside, environmentOf, jsonLines, sagahub } from './testing/command-line.ts';

const MAPPING = {
  group: 'Invoice',
  skip: [{ rows: 'every', when: [{ column: 'Invoice', matches: '^C' }], reason: 'a credit note' }],
  order: {
    orderNumber: '{Invoice}',
    currency: 'GBP',
    buyer: { id: '{Customer}', name: 'Buyer {Customer}' },
    shipTo: { country: '{Country|country}' },
  },
  line: { sku: '{Sku}', quantity: '{Quantity|number}', unitPrice: '{Price|number}' },
};
const HEAD = 'Invoice,Sku,Quantity,Price,Customer,Country';

describe('sagahub orders', () => {
  let hub: HubProcess;
  const cli = beside(() => hub);
  before(async function () {
    hub = await HubProcess.start();
  });
  after(() => hub?.[Symbol.asyncDispose]());
  const file = (name: string, text: string): string => {
    writeFileSync(join(hub.folder, name), text);
    return join(hub.folder, name);
  };
  const order = (number: string, changes = {}) => file(`${number}.json`, JSON.stringify(anOrder(number, changes)));

  it('posts an order, follows it by its number to its end, and shows it with its timeline', async () => {
    const posted = await sagahub(['orders', 'post', '--json'], { stdin: JSON.stringify(anOrder('CLI-1')), env: environmentOf(hub) });
    assert.equal(posted.code, EXIT.ok, posted.stderr);
    const { orderId } = JSON.parse(posted.stdout);
    const watched = await cli(['orders', 'watch', 'CLI-1', '--json']);
    assert.equal(watched.code, EXIT.ok, watched.stderr);
    assert.equal(jsonLines(watched).at(-1).type, 'OrderCompleted');
    const shown = await cli(['orders', 'get', 'CLI-1']);
    assert.match(shown.stdout, new RegExp(`order +${orderId}`));
    assert.match(shown.stdout, new RegExp(`total +${AN_ORDERS_TOTAL.replace('.', '\\.')} EUR`));
    assert.match(shown.stdout, /Order received[^]*Order completed/);
    const again = await cli(['orders', 'post', order('CLI-1'), '--wait', '5']);
    assert.equal(again.code, EXIT.ok);
    assert.match(again.stdout, /CLI-1 {2}completed/);
    assert.match(again.stderr, /had this order already/);
  });

  it('lists orders for people and for scripts', async () => {
    await cli(['orders', 'post', order('CLI-2'), '--wait', '5']);
    // The list is a moment behind.
    const table = await until(
      'the order being listed as completed',
      () => cli(['orders', 'list', '--number', 'CLI-2']),
      ({ stdout }) => stdout.includes('completed'),
    );
    const [lines, admin] = await Promise.all([
      cli(['orders', 'list', '--number', 'CLI-2', '--status', 'completed', '--json']),
      cli(['orders', 'list', '--all', '--partner', 'demo', '--limit', '1', '--json']),
    ]);
    assert.match(table.stdout, /^order +number +status[^\n]*\n\S+ +CLI-2 +completed +87\.70 EUR/);
    assert.deepEqual(
      jsonLines(lines).map(({ orderNumber }) => orderNumber),
      ['CLI-2'],
    );
    assert.equal(jsonLines(admin).length, 1);
  });

  it('ends with a code that says what went wrong, and says it in words', async () => {
    await cli(['orders', 'post', order('CLI-3'), '--wait', '5']);
    const [missing, ended, invalid, noJson] = await Promise.all([
      cli(['orders', 'get', '00000000-0000-4000-8000-000000000000']),
      cli(['orders', 'cancel', 'CLI-3', '--reason', 'too late']),
      cli(['orders', 'post', order('CLI-4', { currency: 'XXX', colour: 'red' })]),
      cli(['orders', 'post', file('no.json', '{')]),
    ]);
    assert.deepEqual([missing.code, ended.code, invalid.code, noJson.code], [EXIT.notFound, EXIT.refused, EXIT.refused, EXIT.usage]);
    assert.match(ended.stderr, /completed and cannot be cancelled \(HUB_ORDER_COMPLETED\)/);
    assert.match(invalid.stderr, /HUB_VALIDATION[^]*#\/currency[^]*#\/colour/);
  });

  describe('import', () => {
    const args = (result: string, ...files: readonly string[]) => [
      'orders',
      'import',
      ...files,
      '--mapping',
      file('mapping.json', JSON.stringify(MAPPING)),
      '--result',
      join(hub.folder, result),
      '--json',
    ];
    const rows = [
      'IMP-1,A,6,2.55,7,United Kingdom',
      'IMP-1,B,1,0.10,7,United Kingdom',
      'IMP-2,A,-1,2.55,7,France',
      'IMP-2,B,2,1.00,7,France',
      'CIMP-3,A,-6,2.55,7,France',
      'IMP-4,A,1,1.00,7,Atlantis',
    ];

    it('tells every row’s fate, waits for the orders, and adds up', async () => {
      const day = file('day.csv', [HEAD, ...rows].join('\n'));
      const dry = await cli([...args('fates.csv', day), '--dry-run']);
      assert.deepEqual(JSON.parse(dry.stdout).fates.refused, { orders: 2, rows: 3, money: { GBP: '-0.55' } });
      const imported = await cli([...args('fates.csv', day), '--wait']);
      assert.equal(imported.code, EXIT.failed, 'some rows were refused');
      const summary = JSON.parse(imported.stdout);
      assert.deepEqual(summary.fates.accepted, { orders: 1, rows: 2, money: { GBP: '15.40' } });
      assert.deepEqual(summary.statuses, { completed: { orders: 1, rows: 2, money: { GBP: '15.40' } } });
      const fates = readFileSync(join(hub.folder, 'fates.csv'), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.slice(line.lastIndexOf('day.csv')).replace(/[0-9a-f-]{36}/, 'ID'));
      assert.deepEqual(fates.slice(0, 5), [
        'day.csv,2,IMP-1,accepted,ID,completed,,',
        'day.csv,3,IMP-1,accepted,ID,completed,,',
        'day.csv,4,IMP-2,refused,,,HUB_VALIDATION,#/lines/0/quantity must not be negative',
        'day.csv,5,IMP-2,refused,,,HUB_VALIDATION,another row of the order is at fault',
        'day.csv,6,CIMP-3,skipped,,,,a credit note',
      ]);
      assert.match(fates[5] ?? '', /^day\.csv,7,IMP-4,refused,,,unknown-country,.*Atlantis/);
    });

    it('goes on from its result file, and the hub answers a second import with what it has', async () => {
      const day = file('again.csv', [HEAD, 'AGAIN-1,A,6,2.55,7,France'].join('\n'));
      const first = JSON.parse((await cli(args('again-1.csv', day))).stdout);
      assert.equal(first.fates.accepted.orders, 1);
      const before = hub.erp.stats().submissions;
      const resumed = JSON.parse((await cli(args('again-1.csv', day))).stdout);
      const anew = JSON.parse((await cli([...args('again-2.csv', day), '--wait'])).stdout);
      assert.deepEqual([resumed.fates.accepted.orders, anew.fates.replayed.orders, anew.statuses.completed.orders], [1, 1, 1]);
      assert.ok(hub.erp.stats().submissions <= before + 1);
      const elsewhere = readFileSync(join(hub.folder, 'again-1.csv'), 'utf8').replace(
        /[0-9a-f-]{36}/,
        '00000000-0000-4000-8000-000000000000',
      );
      file('again-3.csv', elsewhere);
      const refused = await cli(args('again-3.csv', day));
      assert.equal(refused.code, EXIT.refused);
      assert.match(refused.stderr, /an import into another hub/);
    });

    it('survives a kill of the hub in the middle: no order is lost, none is doubled', async () => {
      const count = 200;
      const day = file('many.csv', [HEAD, ...Array.from({ length: count }, (_, i) => `KILL-${i},A,1,1.25,7,France`)].join('\n'));
      const result = join(hub.folder, 'kill.csv');
      rmSync(result, { force: true });
      const url = new URL(hub.url);
      const importing = sagahub([...args('kill.csv', day), '--wait', '--concurrency', '4'], { env: environmentOf(hub) });
      await until(
        'some orders being taken',
        async () => readFileSync(result, 'utf8').split('\n').length,
        (lines) => lines > 30,
      );
      await hub.kill();
      const atKill = readFileSync(result, 'utf8').trim().split('\n').length - 1;
      await hub.startAgain({ PORT: url.port });
      const imported = await importing;
      assert.ok(atKill < count, 'the kill came after the end');
      assert.equal(imported.code, EXIT.ok, imported.stderr);
      const { fates, statuses } = JSON.parse(imported.stdout);
      assert.equal(fates.accepted.orders + fates.replayed.orders, count);
      assert.deepEqual(statuses.completed, { orders: count, rows: count, money: { GBP: '250.00' } });
      const orderIds = new Set([...readFileSync(result, 'utf8').matchAll(/,([0-9a-f-]{36}),/g)].map(([, id]) => id));
      const effects = hub.erp.ledger.liveEffects().filter(({ externalOrderId }) => orderIds.has(externalOrderId));
      assert.deepEqual([effects.length, hub.erp.ledger.totals().doubled], [count, 0]);
    });
  });
});
