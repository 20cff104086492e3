import assert from 'node:assert/strict';
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

describe('elections in PostgreSQL', () => {
  it('give a term a higher epoch than any before, even if the database has forgotten those', async () => {
    const url = await server().createDatabase();
    await using database = await openHubDatabase({ url });
    const epochs: bigint[] = [];
    const lead = async (): Promise<void> => {
      await using leadership = openPostgresLeadership(database, { clock: systemClock() });
      await new Promise<void>((resolve) =>
        leadership.lead('relay', async ({ epoch }) => {
          epochs.push(epoch);
          resolve();
        }),
      );
    };
    await lead();
    await lead();
    await server().query(url, 'TRUNCATE sagahub.leaders'); // as one that was restored, or is new beside a log that is not
    await lead();
    assert.ok(epochs[0]! < epochs[1]! && epochs[1]! < epochs[2]!, epochs.join());
  });
});
