import { appendOf, range } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { openSqliteEventStore } from '../event-store.ts';
import { openLogDatabase } from '../log.ts';
import { openSqliteStock } from '../stock.ts';

/**
 * Child of the kill test: sixteen writers, each with a stream per round, that reserve, append, and tell the parent what was
 * acknowledged. Arguments: path of the database, name of this run.
 */
const [path = '', run = ''] = process.argv.slice(2);
const log = await openLogDatabase(path);
const store = await openSqliteEventStore(log, { clock: manualClock() });
const stock = openSqliteStock(log);

const write = async (writer: number): Promise<never> => {
  for (let round = 0; ; round += 1) {
    const stream = `order-${run}-${writer}-${round}`;
    await stock.reserve([{ holder: stream, items: [{ sku: 'A', quantity: '1' }] }]);
    process.send?.({ reserved: stream });
    for (const step of range(3)) {
      const { revision } = await store.append(appendOf(stream, step * 2 - 1, 2));
      process.send?.({ stream, revision });
    }
  }
};
await Promise.all(range(16).map(write));
