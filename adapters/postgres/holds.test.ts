import { stockContract } from '@sagahub/contracts/ports/stock.contract.ts';
import { discountsContract } from '@sagahub/contracts/ports/discounts.contract.ts';
import { openPostgresDiscounts } from './discounts.ts';
import { openPostgresStock } from './stock.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

stockContract('PostgreSQL', async (options) => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresStock(database, options));
  return { ...rest, stock: port, reopen: async () => (await reopen()).port };
});

discountsContract('PostgreSQL', async () => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresDiscounts(database));
  return { ...rest, discounts: port, reopen: async () => (await reopen()).port };
});
