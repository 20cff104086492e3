import { openWorkContract } from '@sagahub/contracts/ports/open-work.contract.ts';
import { openPostgresOpenWork } from './open-work.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

openWorkContract('PostgreSQL', async () => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresOpenWork(database));
  return { ...rest, work: port, reopen: async () => (await reopen()).port };
});
