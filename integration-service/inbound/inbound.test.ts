import assert from 'node:assert/strict';
import type { RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import { StorageFullError } from '@sagahub/contracts/errors.ts';
import type { InboundProblem } from '@sagahub/contracts/messages/inbound.ts';
import type { InboundMessage, Settlement } from '@sagahub/contracts/ports/order-inbox.ts';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { settleMessage, type Submit } from './inbound.ts';

const ACCEPTED: RouteAnswer = { status: 202, headers: {}, body: { orderId: 'o-1' } };
const problem = (status: number, code: string): RouteAnswer => ({
  status,
  headers: {},
  body: { status, code, detail: 'why', requestId: 'r' },
});
const AWAY = problem(503, 'HUB_ENGINE_UNAVAILABLE');
const BROKEN = problem(422, 'HUB_VALIDATION');
const BUG = problem(500, 'HUB_INTERNAL');

describe('settling a message', () => {
  let clock: ManualClock;
  let answers: RouteAnswer[];
  let parked: { readonly partnerId: string | undefined; readonly problem: InboundProblem }[];
  let parking: (Error | undefined)[];
  let tries: number;
  let leaving: AbortController;
  let settled: Settlement | undefined;
  beforeEach(() => {
    clock = manualClock();
    [answers, parked, parking, tries, leaving, settled] = [[], [], [], 0, new AbortController(), undefined];
  });

  const begin = (more: Partial<InboundMessage> = {}): void => {
    const submit = Object.assign(
      () => {
        tries += 1;
        return Promise.resolve(answers.length > 1 ? answers.shift()! : answers[0]!);
      },
      { partnerOf: () => Promise.resolve('acme') },
    ) as Submit;
    const park = (_message: unknown, partnerId: string | undefined, found: InboundProblem) => {
      const failure = parking.shift();
      if (failure) return Promise.reject(failure);
      parked.push({ partnerId, problem: found });
      return Promise.resolve();
    };
    const settle = settleMessage({ submit, park, clock, logger: silentTelemetry.logger });
    const message: InboundMessage = {
      channel: 'amqp',
      clientId: 'acme-1',
      bytes: 2,
      content: Buffer.from('{}'),
      signal: leaving.signal,
      ...more,
    };
    void settle(message).then((settlement) => (settled = settlement));
  };
  const passing = (ms: number): Promise<void> => clock.advance(ms);
  const reply = () => (settled?.kind === 'done' ? settled.reply : undefined);

  it('answers with what the route answers', async () => {
    answers = [{ ...ACCEPTED, headers: { 'idempotent-replayed': 'true' } }];
    begin();
    await passing(0);
    assert.deepEqual(reply(), { status: 202, replayed: true, contentType: 'application/json', body: '{"orderId":"o-1"}' });
    assert.equal(parked.length, 0);
  });

  it('parks what is refused, and answers with the problem', async () => {
    answers = [BROKEN];
    begin();
    await passing(0);
    assert.deepEqual(parked, [{ partnerId: 'acme', problem: { status: 422, code: 'HUB_VALIDATION', detail: 'why' } }]);
    assert.deepEqual([reply()?.status, reply()?.contentType], [422, 'application/problem+json']);
  });

  it('waits longer and longer while something is away, and takes it up where it was', async () => {
    answers = [AWAY, AWAY, ACCEPTED];
    begin();
    await passing(249);
    assert.equal(tries, 1);
    await passing(1);
    assert.equal(tries, 2);
    await passing(500);
    assert.equal(reply()?.status, 202);
  });

  it('gives a message back that it cannot settle for long, without parking it', async () => {
    answers = [AWAY];
    begin();
    for (const pause of [250, 500, 1_000, 2_000, 4_000, 8_000]) await passing(pause);
    assert.deepEqual([settled, tries, parked.length], [{ kind: 'later' }, 7, 0]);
  });

  it('parks at last what makes the hub fail, so that it keeps no place for ever', async () => {
    answers = [BUG];
    begin();
    for (const pause of [250, 500, 1_000, 2_000, 4_000, 8_000]) await passing(pause);
    assert.deepEqual([parked[0]?.problem.code, reply()?.status], ['HUB_INTERNAL', 500]);
  });

  it('answers nothing before the refusal is on disk', async () => {
    answers = [BROKEN];
    parking = [new StorageFullError(new Error('full'))];
    begin();
    await passing(0);
    assert.equal(settled, undefined);
    await passing(250);
    assert.equal(reply()?.status, 422);
    assert.equal(parked.length, 1);
  });

  it('gives back at once what waits when the connection goes or the hub stops', async () => {
    answers = [AWAY];
    begin();
    await passing(0);
    leaving.abort();
    await passing(0);
    assert.deepEqual(settled, { kind: 'later' });
  });
});
