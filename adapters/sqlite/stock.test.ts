import { stockContract } from '@sagahub/contracts/ports/stock.contract.ts';
import { openSqliteStock } from './stock.ts';
import { openOnLog } from './testing/log-harness.ts';

stockContract('sqlite', async (options) => {
  const { port, reopen, ...rest } = await openOnLog(async (log) => openSqliteStock(log, options));
  return { ...rest, stock: port, reopen: async () => (await reopen()).port };
});
