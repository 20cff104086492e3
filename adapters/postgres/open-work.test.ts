import assert from 'node:assert/strict';
import { SupersededError } from '@sagahub/contracts/errors.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { openWorkContract } from '@sagahub/contracts/ports/open-work.contract.ts';
import type { WorkItem } from '@sagahub/contracts/ports/open-work.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { openPostgresOpenWork } from './open-work.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

openWorkContract('PostgreSQL', async () => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresOpenWork(database));
  return { ...rest, work: port, reopen: async () => (await reopen()).port };
});

describe('open work in PostgreSQL', () => {
  const item = (number: number): WorkItem => ({
    stream: `order-${number}`,
    step: 'advance',
    queue: 'q',
    partnerId: 'p',
    attempt: 1,
    dueAtMs: number,
    sinceMs: 0,
    revision: 0,
    sagaVersion: 0,
  });
  const added = (number: number) => ({ stream: `order-${number}`, revision: 0, items: [item(number)] });

  it('hands each item to one process alone, and lets none of them wait for another', async () => {
    await using first = await openOnSchema(server(), async ({ database }) => openPostgresOpenWork(database));
    await using second = await openOnSchema(server(), async ({ database }) => openPostgresOpenWork(database), {
      url: first.url,
      schema: first.schema,
    });
    await first.port.apply(
      Array.from({ length: 400 }, (_, number) => added(number)),
      1n,
    );
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, call) => (call % 2 === 0 ? first : second).port.claimDue(1_000, 25, 1_000)),
    );
    const streams = claims.flat().map(({ stream }) => stream);
    assert.equal(new Set(streams).size, streams.length);
    const locked = await first.database.transaction(async (session) => {
      await session.rows({ name: 'lock', text: `UPDATE open_work SET due_ms = due_ms WHERE stream < 'order-2'` });
      return second.port.claimDue(5_000, 1_000, 1_000);
    });
    assert.ok(locked.length > 0 && locked.every(({ stream }) => stream >= 'order-2'));
  });

  it('refuses what a relay applies whose term is over, and changes nothing', async () => {
    await using harness = await openOnSchema(server(), async ({ database }) => openPostgresOpenWork(database));
    const { port, leadership } = harness;
    const terms: Term[] = [];
    const candidate = () =>
      leadership.lead('relay', async (term) => {
        terms.push(term);
        await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve(), { once: true }));
      });
    const first = candidate();
    await eventually('the first leads', () => terms.length === 1);
    await port.apply([added(1)], 1n, terms[0]);
    await first[Symbol.asyncDispose]();
    await port.apply([added(2)], 2n, terms[0]); // nobody has led since: nothing can go wrong
    candidate();
    await eventually('the second leads', () => terms.length === 2);
    await assert.rejects(port.apply([added(3)], 3n, terms[0]), SupersededError);
    assert.deepEqual([await port.checkpoint(), (await port.list({}, 9)).length], [2n, 2]);
    await port.apply([added(3)], 3n, terms[1]);
    assert.deepEqual([await port.checkpoint(), (await port.list({}, 9)).length], [3n, 3]);
  });
});
