import { discountsContract } from '@sagahub/contracts/ports/discounts.contract.ts';
import { openSqliteDiscounts } from './discounts.ts';
import { openOnLog } from './testing/log-harness.ts';

discountsContract('sqlite', async () => {
  const { port, reopen, ...rest } = await openOnLog(async (log) => openSqliteDiscounts(log));
  return { ...rest, discounts: port, reopen: async () => (await reopen()).port };
});
