import { stockContract } from '@sagahub/contracts/ports/stock.contract.ts';
import { openPostgresStock } from './stock.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

stockContract('PostgreSQL', async (options) => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresStock(database, options));
  return { ...rest, stock: port, reopen: async () => (await reopen()).port };
});
