import assert from 'node:assert/strict';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { availability, type PostgresServer, startPostgres } from '../../tests/servers/postgres.ts';
import { systemClock } from '../process/clock.ts';
import { openPostgresEventStore } from './event-store.ts';
import { openOnSchema } from './testing/hub-harness.ts';
import { verifiedLog } from './testing/verified-log.ts';

const EVENTS_EACH = 2;

describe('log in PostgreSQL, put back to a moment from a base backup and the archived write-ahead log', () => {
  let server: PostgresServer;
  before(async function () {
    this.timeout(60_000);
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startPostgres({ archived: true });
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('holds all that was accepted before it and nothing begun after it, verifies, and goes on', async () => {
    const url = await server.createDatabase();
    await using harness = await openOnSchema(
      server,
      ({ database, leadership }) => openPostgresEventStore(database, { clock: systemClock(), leadership }),
      { url },
    );
    const begun: string[] = [];
    const accepted: string[] = [];
    const stop = new AbortController();
    const writing = (async () => {
      for (let order = 0; !stop.signal.aborted; order += 1) {
        const stream = `order-${order}`;
        begun.push(stream);
        await harness.port.append(appendOf(stream, NO_STREAM, EVENTS_EACH));
        accepted.push(stream);
      }
    })();
    const more = (count: number) => {
      const enough = accepted.length + count;
      return eventually(`${count} more`, () => accepted.length >= enough);
    };

    await more(20);
    await server.takeBase(); // under way while more is appended
    await more(20);
    const before = accepted.slice();
    const [now] = await server.query<{ moment: string }>(url, 'SELECT clock_timestamp()::text AS moment');
    const meanwhile = begun.length;
    await more(20);
    stop.abort();
    await writing;
    await harness.close();
    await server.comeBack(now!.moment);

    const { port: store } = await harness.open();
    await store.append(appendOf('order-afterwards', NO_STREAM, EVENTS_EACH));
    let { revisions } = await verifiedLog(store);
    await eventually('what came afterwards having its place', async () => {
      ({ revisions } = await verifiedLog(store));
      return revisions.has('order-afterwards');
    });
    const orders = new Map([...revisions].filter(([stream]) => stream.startsWith('order-') && stream !== 'order-afterwards'));
    assert.deepEqual(
      before.filter((stream) => orders.get(stream) !== EVENTS_EACH - 1),
      [],
    );
    assert.ok(before.length <= orders.size && orders.size <= meanwhile, `${orders.size} of ${before.length} to ${meanwhile}`);
    assert.ok(orders.size < accepted.length);
  }).timeout(60_000);
});
