import assert from 'node:assert/strict';
import type { ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import { GoneError } from '@sagahub/contracts/errors.ts';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ChangeFeed } from '../change-feed.ts';
import { LogCursors } from '../log-cursor.ts';
import type { Projector } from '../projector.ts';
import { contextOf } from '../testing/context.ts';
import { completed, received, validated } from '../testing/order-story.ts';
import { ask, type Asked, principal } from '../testing/requests.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { objectsQuery } from './objects-query.ts';
import type { QueryContext } from './query-context.ts';
import { timelineQuery } from './timeline-query.ts';
import { orderFlowView } from './order-view.ts';

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
  const routesWith = (overrides: Partial<QueryContext>) => objectsQuery(orderFlowView, contextOf(site, overrides));

  beforeEach(async () => {
    site = await openSite();
    projector = await site.project();
    orders = objectsQuery(orderFlowView, contextOf(site));
    timeline = timelineQuery(orderFlowView, contextOf(site));
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

  it('repeats nothing to a client that is ahead of this replica', async () => {
    const id = await place();
    const [first] = await site.store.readStream(`order-${id}`);
    await site.tell(id, validated);
    const lastSeen = (await site.store.readStream(`order-${id}`)).at(-1)!.position;
    // A replica that has heard of the order's first event alone.
    const store = new Proxy(site.store, {
      get: (target, member) =>
        member === 'lastPosition' ? () => Promise.resolve(first!.position) : Reflect.get(target, member).bind(target),
    });
    await using feed = new ChangeFeed({ ...site.ports, store }, ['order']);
    const headers = { 'last-event-id': new LogCursors(site.store.logId).encode(lastSeen) };
    const ofPartner = await open(routesWith({ feed }), { headers });
    const ofOrder = await open(timelineQuery(orderFlowView, contextOf(site, { feed })), { params: { orderId: id }, headers });
    for (const stream of [ofPartner, ofOrder]) await stream.step();
    await site.tell(id, completed);
    for (const stream of [ofPartner, ofOrder]) {
      assert.deepEqual(typesOf(await stream.take(2)), ['OrderSentToErp', 'OrderCompleted']);
      await stream.close();
    }
  });

  it('tells what happens on a replica that does not project', async () => {
    await projector[Symbol.asyncDispose]();
    const stream = await open(orders);
    await stream.step();
    const id = await place();
    await site.tell(id, [...validated, ...completed]);
    assert.deepEqual(
      (await stream.take(6)).map(({ data }) => (JSON.parse(data) as { status: string }).status),
      ['received', 'processing', 'processing', 'waiting', 'processing', 'completed'],
    );
    await stream.close();
  });

  it('shows one that joins another the same from there on, and follows nothing once both have left', async () => {
    const reads: string[] = [];
    const store = new Proxy(site.store, {
      get: (target, member) => {
        const value = Reflect.get(target, member);
        return typeof value !== 'function'
          ? value
          : (...args: unknown[]) => {
              reads.push(String(member));
              return value.apply(target, args);
            };
      },
    });
    await using feed = new ChangeFeed({ ...site.ports, store }, ['order']);
    const route = routesWith({ feed });
    const first = await open(route);
    await first.step();
    const id = await place();
    await first.take(1);
    const second = await open(route);
    await second.step();
    await site.tell(id, completed);
    const told = [await first.take(2), await second.take(2)];
    assert.deepEqual(told[0], told[1]);
    assert.equal(reads.filter((read) => read === 'subscribe').length, 1);
    await first.close();
    await second.close();
    const third = await open(route);
    await third.step();
    assert.equal(reads.filter((read) => read === 'subscribe').length, 2);
    await third.close();
  });

  it('goes on after its subscription failed', async () => {
    let failures = 1;
    const store = new Proxy(site.store, {
      get: (target, member) => {
        if (member !== 'subscribe' || failures === 0) return Reflect.get(target, member).bind(target);
        failures -= 1;
        return () => {
          throw new Error('the log is away');
        };
      },
    });
    await using feed = new ChangeFeed({ ...site.ports, store }, ['order']);
    const stream = await open(routesWith({ feed }));
    await stream.step();
    const id = await place();
    await site.clock.sleeping(1);
    await site.clock.advance(1_000);
    assert.equal((JSON.parse((await stream.take(1))[0]!.data) as { orderId: string }).orderId, id);
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
