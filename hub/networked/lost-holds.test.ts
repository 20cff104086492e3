import assert from 'node:assert/strict';
import { openPostgresDiscounts } from '@sagahub/adapters/postgres/discounts.ts';
import { openHoldsOrigin } from '@sagahub/adapters/postgres/holds-origin.ts';
import { openPostgresOpenWork } from '@sagahub/adapters/postgres/open-work.ts';
import { openPostgresStock } from '@sagahub/adapters/postgres/stock.ts';
import { openOnSchema, privateServer } from '@sagahub/adapters/postgres/testing/hub-harness.ts';
import { aborted } from '@sagahub/contracts/aborted.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { defineDiscounts } from '@sagahub/orchestration-service/inventory/discount-definitions.ts';
import { loadLevels } from '@sagahub/orchestration-service/inventory/stock-levels.ts';
import { ACT, type InventorySite, inventorySite } from '@sagahub/orchestration-service/inventory/testing/site.ts';
import { EXIT } from '../cli/exit-codes.ts';
import { sagahub } from '../cli/testing/command-line.ts';
import { foldLostHolds } from './lost-holds.ts';

const server = privateServer();

/** The log and what it should lead to on SQLite; what is folded from it in PostgreSQL, as where the log is elsewhere. */
describe('holds that were lost while the log stayed', () => {
  let site: InventorySite;
  beforeEach(async () => {
    site = await inventorySite();
    await loadLevels(site.ports, [{ sku: 'A', available: '10' }], ACT);
    await defineDiscounts(site.ports, [{ code: 'TEN', percent: '10', maxRedemptions: 3 }], ACT);
    await site.takes('o1', [{ sku: 'A', quantity: '4' }], 'TEN');
  });
  afterEach(() => site[Symbol.asyncDispose]());

  const besides = async (schema: Parameters<typeof openOnSchema>[2] = {}) => {
    const telemetry = recordTelemetry();
    const harness = await openOnSchema(
      server(),
      ({ database, leadership }) =>
        Promise.resolve({
          store: site.ports.store,
          leadership,
          telemetry,
          stock: openPostgresStock(database),
          discounts: openPostgresDiscounts(database),
          openWork: openPostgresOpenWork(database),
          holdsOrigin: openHoldsOrigin(database),
        }),
      schema,
    );
    const folded = () => telemetry.warnings.filter(({ message }) => message === 'folded stock and discounts from the log').length;
    return Object.assign(harness, { folded });
  };
  const tables = async ({ stock, discounts }: Pick<InventorySite['ports'], 'stock' | 'discounts'>) => [
    await stock.balances({}),
    await discounts.balances({}),
    await stock.held('o1'),
  ];
  const ignore = () => undefined;

  it('are folded from it before anybody works, by one of those that start at once, and once', async () => {
    await using first = await besides();
    await using second = await besides({ url: first.url, schema: first.schema });
    const waited: (string | undefined)[] = [];
    await Promise.all([foldLostHolds(first.port, (what) => waited.push(what)), foldLostHolds(second.port, ignore)]);
    assert.deepEqual(await tables(second.port), await tables(site.ports));
    assert.equal(first.folded() + second.folded(), 1);
    assert.match(waited[0] ?? '', /stock, discounts and open work/);
    assert.equal(waited.at(-1), undefined);
    await foldLostHolds(first.port, assert.fail);
  });

  it('are folded anew when the log was restored as of an earlier moment, and open work begins anew', async () => {
    await using harness = await besides();
    const { port } = harness;
    await foldLostHolds(port, ignore);
    await port.stock.reserve([{ holder: 'not-in-the-log', items: [{ sku: 'A', quantity: '1' }] }]);
    await port.openWork.apply([], (await port.store.lastPosition()) + 1n);
    await foldLostHolds(port, ignore);
    assert.deepEqual(await tables(port), await tables(site.ports));
    assert.equal(await port.openWork.checkpoint(), 0n);
  });

  it('are told of when they do not fit: an order that holds more than was ever loaded', async () => {
    await using harness = await besides();
    const items = [{ sku: 'A', quantity: '100' }];
    await site.takes('o2', items);
    await foldLostHolds(harness.port, ignore);
    assert.deepEqual(await harness.port.stock.held('o2'), []);
    assert.equal(harness.folded(), 1);
    const { port } = harness;
    assert.deepEqual(
      port.telemetry.errors.map(({ fields }) => fields),
      [{ orders: 1, first: 'o2' }],
    );
  });

  it('are folded anew at the next start when somebody asked for it, which nobody can while a hub works', async () => {
    await using harness = await besides({ url: await server().createDatabase() });
    const { port } = harness;
    await foldLostHolds(port, ignore);
    const isWhole = () => port.holdsOrigin.isOf(port.store.logId);
    const forget = () => sagahub(['rebuild', '--holds'], { env: { HUB_PROFILE: 'networked', HUB_POSTGRES_URL: harness.url } });
    {
      const leads = Promise.withResolvers<void>();
      await using _relay = port.leadership.lead('relay', async ({ signal }) => {
        leads.resolve();
        await aborted(signal);
      });
      await leads.promise;
      const refused = await forget();
      assert.deepEqual([refused.code, await isWhole()], [EXIT.refused, true], refused.stderr);
    }
    const forgotten = await forget();
    assert.deepEqual([forgotten.code, await isWhole()], [EXIT.ok, false], forgotten.stderr);
    await foldLostHolds(port, ignore);
    assert.deepEqual(await tables(port), await tables(site.ports));
  });

  it('fail the start when the log cannot be folded, instead of trying for ever', async () => {
    await using harness = await besides();
    const broken = { ...harness.port, stock: { ...harness.port.stock, setLevels: () => Promise.reject(new TypeError('a bug')) } };
    await assert.rejects(foldLostHolds(broken, ignore), /a bug/);
    assert.equal(await harness.port.holdsOrigin.isOf(site.ports.store.logId), false);
  });
});
