import { leadershipContract } from '@sagahub/contracts/ports/leadership.contract.ts';
import { systemClock } from '../process/clock.ts';
import { openHubDatabase } from './hub-database.ts';
import { openPostgresLeadership } from './leadership.ts';
import { privateServer } from './testing/hub-harness.ts';

const server = privateServer();

leadershipContract('PostgreSQL', async () => {
  const url = await server().createDatabase();
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openHubDatabase({ url }));
  const closing = opened.move();
  return {
    join: async () => closing.use(openPostgresLeadership(database, { clock: systemClock() })),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
});
