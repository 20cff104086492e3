import assert from 'node:assert/strict';
import { openInProcessLeadership } from '@sagahub/adapters/in-process/leadership.ts';
import type { ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import { GoneError } from '@sagahub/contracts/errors.ts';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { LogCursors } from '../log-cursor.ts';
import { Projector } from '../projector.ts';
import { ordersProjection } from '../projections/index.ts';
import { contextOf } from '../testing/context.ts';
import { completed, received, validated } from '../testing/order-story.ts';
import { ask, type Asked, principal } from '../testing/requests.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { ordersQuery } from './orders-query.ts';
import type { QueryContext } from './query-context.ts';
import { timelineQuery } from './timeline-query.ts';

const SSE = { accept: 'text/event-stream' };

/** Reads a stream until `count` messages have come; the connection stays open until `close`. */
const reader = (answer: ApiResponse) => {
  assert.match(answer.headers?.['content-type'] ?? '', /^text\/event-stream/);
  const chunks = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
  const messages: EventSourceMessage[] = [];
  const comments: string[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message), onComment: (comment) => comments.push(comment) });
  const step = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (!done) parser.feed(value);
    return !done;
  };
  return {
    comments,
    step,
    take: async (count: number): Promise<readonly EventSourceMessage[]> => {
      while (messages.length < count && (await step()));
      return messages.splice(0, count);
    },
    close: () => chunks.return?.(),
  };
};
const typesOf = (messages: readonly EventSourceMessage[]) => messages.map(({ data }) => (JSON.parse(data) as { type: string }).type);

describe('event streams', () => {
  let site: Site;
  let projector: Projector;
  let orders: Route;
  let timeline: Route;
  const open = async (route: Route, asked: Asked = {}) => reader(await ask(route, { ...asked, headers: { ...SSE, ...asked.headers } }));
  const place = (partnerId = 'acme') => {
    const id = newOrderId();
    return site.tell(id, [received(id, { partnerId })], partnerId);
  };
  const routesWith = (overrides: Partial<QueryContext>) => ordersQuery(contextOf(site, projector, overrides));

  beforeEach(async () => {
    site = await openSite();
    projector = await site.project();
    orders = ordersQuery(contextOf(site, projector));
    timeline = timelineQuery(contextOf(site, projector));
  });
  afterEach(() => site[Symbol.asyncDispose]());

  it('tells a partner of its own orders as they change, from now on', async () => {
    await place();
    await site.caughtUp(projector);
    const stream = await open(orders);
    const first = stream.take(4);
    await site.tell(newOrderId(), [received('x', { partnerId: 'globex' })], 'globex');
    const id = await place();
    await site.tell(id, validated);
    const messages = await first;
    assert.deepEqual(typesOf(messages), ['OrderReceived', 'StockReserved', 'OrderValidated', 'ErpSubmissionRequested']);
    assert.deepEqual(
      messages.map(({ event }) => event),
      ['order', 'order', 'order', 'order'],
    );
    const { status, state, orderId, revision } = JSON.parse(messages[3]!.data) as Record<string, unknown>;
    assert.deepEqual([status, state, orderId, revision], ['waiting', 'SendingToErp', id, 3]);
    await stream.close();
  });

  it('goes on behind Last-Event-ID without loss or repetition, wherever a client was cut off', async () => {
    const start = await place();
    await site.caughtUp(projector);
    const whole = await open(orders, { query: { after: new LogCursors(site.store.logId).encode(0n) } });
    const ids = [start, await place(), await place()];
    for (const event of [...validated, ...completed]) for (const id of ids) await site.tell(id, [event]);
    await site.caughtUp(projector);
    const all = await whole.take(3 * 6);
    assert.equal(new Set(all.map(({ id }) => id)).size, 18);
    for (const cut of [0, 1, 7, 16]) {
      const resumed = await open(orders, { headers: { 'last-event-id': all[cut]!.id! } });
      assert.deepEqual(await resumed.take(17 - cut), all.slice(cut + 1));
      await resumed.close();
    }
    await whole.close();
  });

  it('misses nothing that happens while it catches up', async () => {
    const id = await place();
    await site.caughtUp(projector);
    const stream = await open(orders, { query: { after: new LogCursors(site.store.logId).encode(0n) } });
    await stream.step(); // listening has begun; what it missed is not yet read
    await site.tell(id, [...validated, ...completed]);
    await site.caughtUp(projector);
    const messages = await stream.take(6);
    assert.deepEqual(
      messages.map(({ data }) => (JSON.parse(data) as { revision: number }).revision),
      [0, 1, 2, 3, 4, 5],
    );
    await stream.close();
  });

  it('tells the whole timeline of one order and then what comes, resumable at every entry', async () => {
    const id = await place();
    await site.tell(id, validated);
    await site.caughtUp(projector);
    const stream = await open(timeline, { params: { orderId: id } });
    const before = await stream.take(4);
    const coming = stream.take(2);
    await site.tell(id, completed);
    const all = [...before, ...(await coming)];
    assert.deepEqual(typesOf(all).slice(-2), ['OrderSentToErp', 'OrderCompleted']);
    const resumed = await open(timeline, { params: { orderId: id }, headers: { 'last-event-id': all[3]!.id! } });
    assert.deepEqual(await resumed.take(2), all.slice(4));
    await stream.close();
    await resumed.close();
  });

  it('repeats nothing to a client that is ahead of the projection', async () => {
    const id = await place();
    const ports = { ...site.ports, leadership: openInProcessLeadership({ clock: site.clock }) };
    const behind = await Projector.start(ordersProjection, ports, { windowMs: 0, batchSize: 1, hotDocuments: 10 });
    await site.caughtUp(behind);
    await behind[Symbol.asyncDispose]();
    await site.tell(id, validated);
    const lastSeen = (await site.store.readStream(`order-${id}`)).at(-1)!.position;
    const cursors = new LogCursors(site.store.logId);
    const stream = await open(ordersQuery(contextOf(site, behind)), { headers: { 'last-event-id': cursors.encode(lastSeen) } });
    const next = stream.take(1);
    await site.tell(id, completed);
    const events = await site.store.readStream(`order-${id}`);
    behind.feed.tell(
      events.slice(1).map((event) => ({ event, document: received('x').data })),
      events.at(-1)!.position,
    );
    assert.deepEqual(typesOf(await next), ['OrderSentToErp']);
    await stream.close();
  });

  it('sends a comment now and then while nothing happens', async () => {
    const stream = await open(orders);
    await stream.step();
    const quiet = stream.step();
    await site.clock.sleeping(1);
    await site.clock.advance(15_000);
    await quiet;
    assert.deepEqual(stream.comments, ['still here']);
    await stream.close();
  });

  it('drops a client that does not keep up, which can then resume', async () => {
    const stream = await open(routesWith({ streamQueue: 3 }));
    await stream.step();
    const id = await place();
    await site.tell(id, [...validated, ...completed]);
    await site.caughtUp(projector);
    assert.deepEqual(await stream.take(1), []);
  });

  it('ends when the client leaves or the hub drains', async () => {
    const drain = new AbortController();
    const stream = await open(orders, { signal: drain.signal });
    await stream.step();
    const ending = stream.step();
    drain.abort();
    assert.equal(await ending, false);
  });

  it('refuses a place in another log, and orders of others', async () => {
    const id = await place('globex');
    const elsewhere = new LogCursors('another log').encode(1n);
    await assert.rejects(open(orders, { headers: { 'last-event-id': elsewhere } }), GoneError);
    await assert.rejects(open(timeline, { params: { orderId: id }, as: principal('acme', 'orders:read') }), /was not found/);
  });
});
