import assert from 'node:assert/strict';
import { GoneError, MalformedRequestError } from '@sagahub/contracts/errors.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import { seal, subjectOf } from '@sagahub/contracts/personal-data.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { LogCursors } from '../log-cursor.ts';
import { contextOf } from '../testing/context.ts';
import { completed, received, validated } from '../testing/order-story.ts';
import { ask, type Asked, linesOf, principal } from '../testing/requests.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { eventsQuery } from './events-query.ts';

interface Line {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly time: string;
  readonly personal?: object;
  readonly private?: object;
}

describe('GET /api/v1/events', () => {
  let site: Site;
  let route: Route;
  let first: string;
  const auditor = principal('hub', 'audit:read');
  const read = async (query: Asked['query'] = {}, as = auditor): Promise<Line[]> => linesOf<Line>(await ask(route, { as, query }));
  const typesOf = (lines: readonly Line[]) => lines.map(({ type }) => type);

  before(async () => {
    site = await openSite();
    route = eventsQuery(contextOf(site));
    first = newOrderId();
    const sealed = await seal(site.keys, subjectOf('acme', 'C-1'), orderStream(first), { buyer: { name: 'Ada Keller' } });
    await site.tell(first, [received(first, {}, sealed), ...validated]);
    await site.clock.advance(3_600_000);
    await site.tell(newOrderId(), [received('b'), ...validated, ...completed]);
  });
  after(() => site[Symbol.asyncDispose]());

  it('hands out the whole log in order, resumable at every line', async () => {
    const lines = await read();
    assert.deepEqual(typesOf(lines).slice(0, 2), ['LogCreated', 'OrderReceived']);
    assert.equal(lines.length, 11);
    for (const [index, { position }] of lines.entries()) assert.deepEqual(await read({ after: position }), lines.slice(index + 1));
  });

  it('chooses by stream, type and time, and ends at the limit', async () => {
    assert.deepEqual(typesOf(await read({ stream: orderStream(first) })), [
      'OrderReceived',
      'StockReserved',
      'OrderValidated',
      'ErpSubmissionRequested',
    ]);
    assert.deepEqual(await read({ stream: 'order-nobody' }), []);
    assert.equal((await read({ type: 'OrderReceived,OrderCompleted' })).length, 3);
    const later = (await read()).at(-1)!.time;
    assert.deepEqual(typesOf(await read({ from: later })), ['OrderCompleted']);
    assert.equal((await read({ to: later })).length, 10);
    assert.deepEqual(typesOf(await read({ limit: '2' })), ['LogCreated', 'OrderReceived']);
  });

  it('opens personal data for audit:personal alone', async () => {
    const [sealed] = await read({ type: 'OrderReceived' });
    assert.equal(sealed?.personal, undefined);
    assert.ok(sealed?.private);
    const personal = principal('hub', 'audit:read', 'audit:personal');
    assert.deepEqual((await read({ type: 'OrderReceived', limit: '1' }, personal))[0]?.personal, { buyer: { name: 'Ada Keller' } });
  });

  it('shows a person who was erased as erased', async () => {
    const id = newOrderId();
    const sealed = await seal(site.keys, subjectOf('acme', 'C-9'), orderStream(id), { buyer: { name: 'Bob' } });
    await site.tell(id, [received(id, {}, sealed)]);
    await site.keys.eraseSubject(subjectOf('acme', 'C-9'));
    const [line] = await read({ stream: orderStream(id) }, principal('hub', 'audit:read', 'audit:personal'));
    assert.deepEqual(line?.personal, { erased: true });
  });

  it('refuses a position of another log, and what is none', async () => {
    await assert.rejects(read({ after: new LogCursors('another').encode(1n) }), GoneError);
    await assert.rejects(read({ after: 'not-of-this-log' }), MalformedRequestError);
    await assert.rejects(read({ after: '17' }), MalformedRequestError);
  });

  it('reads no further than its reader: a page is read when the one before was taken', async () => {
    let pages = 0;
    const store = new Proxy(site.store, {
      get: (target, member) => {
        if (member === 'readRaw') pages += 1;
        const value: unknown = Reflect.get(target, member);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const answer = await ask(eventsQuery(contextOf(site, { store })), { as: auditor });
    assert.equal(pages, 0);
    const chunks = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
    await chunks.next();
    assert.equal(pages, 1);
    await chunks.return?.();
  });

  it('follows the log when asked to, of one stream too, until the reader leaves', async () => {
    const leave = new AbortController();
    const id = await site.tell(newOrderId(), [received('c')]);
    const answer = await ask(route, { as: auditor, query: { stream: orderStream(id), follow: 'true' }, signal: leave.signal });
    const chunks = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
    assert.equal(((await chunks.next()).value as string).split('\n').length, 2);
    const next = chunks.next();
    await site.clock.sleeping(1);
    await site.tell(id, validated);
    await site.clock.advance(250);
    assert.equal(((await next).value as string).trim().split('\n').length, 3);
    const last = chunks.next();
    leave.abort();
    assert.equal((await last).done, true);
  });
});
