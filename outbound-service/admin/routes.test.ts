import assert from 'node:assert/strict';
import type { ApiRequest, Route } from '@sagahub/contracts/api/route.ts';
import { ConflictError, NotFoundError, ValidationError } from '@sagahub/contracts/errors.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { ConnectorBreaker } from '../resilience/connector-breaker.ts';
import { modelDocuments } from '../testing/model-documents.ts';
import { ModelRuntime, ModelStore, modelOpenWork } from '../testing/model-runtime.ts';
import { BREAKER } from '../testing/mortal-process.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { breakerRoutes } from './breakers.ts';
import { deadLetterRoutes } from './dead-letters.ts';

const HISTORY = [
  {
    revision: 4,
    type: 'ErpAttemptFailed',
    data: { attempt: 2, reason: 'answered 500' },
    metadata: { time: '2026-11-20T10:00:00.000Z', actor: 'connector:erp' },
  },
  {
    revision: 5,
    type: 'ErpSubmissionRetried',
    data: { by: 'client:op', reason: 'repaired' },
    metadata: { time: '2026-11-20T10:01:00.000Z', actor: 'connector:erp' },
  },
];
const BASE = '/api/v1/admin';
type Ask = Partial<Pick<ApiRequest, 'params' | 'query' | 'body'>>;

const caller =
  (routes: readonly Route[]) =>
  async (operationId: string, ask: Ask = {}) => {
    const route = routes.find(({ operation }) => operation.operationId === operationId);
    assert.ok(route, operationId);
    assert.deepEqual(route.scopes, ['admin']);
    assert.ok(route.path.startsWith(BASE));
    const principal = { clientId: 'op', partnerId: 'hub', scopes: new Set(['admin'] as const), rateLimitPerMinute: 0 };
    const { status, body } = await route.handle({ params: {}, query: {}, principal, ...ask } as unknown as ApiRequest);
    return { status, body: body as any };
  };

describe('operator routes', () => {
  describe('dead letters', () => {
    const letter = (number: number, changes: Partial<DeadLetter> = {}): DeadLetter => ({
      deadLetterId: `letter-${number}`,
      origin: 'erp',
      flow: 'order',
      stream: `order-${number}`,
      objectId: String(number),
      orderNumber: `PO-${number}`,
      partnerId: 'acme',
      step: 'erp-submit',
      cause: 'http-500',
      reason: 'answered 500',
      attempts: 6,
      firstFailedAt: '2026-11-19T10:00:00.000Z',
      failedAt: new Date(Date.UTC(2026, 10, 20) + number * 1_000).toISOString(),
      state: 'open',
      payload: {},
      ...changes,
    });
    const setUp = (letters: readonly DeadLetter[]) => {
      const executed: { readonly stream: string; readonly command: Command; readonly actor: string }[] = [];
      const flow = { deadLetters: { command: ({ step }: DeadLetter, act: string) => ({ type: `${act} ${step}` }) } };
      const runtime = {
        load: () => Promise.resolve({ flow } as never),
        execute: (stream, command, { actor }) => {
          if (stream === 'order-2') return Promise.reject(new ConflictError('HUB_DEAD_LETTER_RESOLVED', 'skipped: order ended'));
          executed.push({ stream, command, actor });
          return Promise.resolve({ events: [{ type: 'Done' } as never], folded: {} as never });
        },
      } as Partial<SagaRuntime> as SagaRuntime;
      const documents = modelDocuments(letters.map((body) => ({ id: body.deadLetterId, revision: 1, body: body as never })));
      const store = { readStream: () => Promise.resolve(HISTORY) } as never;
      return { call: caller(deadLetterRoutes({ documents, store, keys: {} as never }, runtime)), executed };
    };
    const idsOf = (page: { items: readonly DeadLetter[] }) => page.items.map(({ deadLetterId }) => deadLetterId);

    it('lists open ones, newest first, in pages that follow each other', async () => {
      const { call } = setUp([...[1, 2, 3, 4, 5].map((number) => letter(number)), letter(6, { state: 'resolved' })]);
      const first = await call('listDeadLetters', { query: { limit: '2' } });
      assert.deepEqual(idsOf(first.body), ['letter-5', 'letter-4']);
      const second = await call('listDeadLetters', { query: { limit: '3', cursor: first.body.next } });
      assert.deepEqual(idsOf(second.body), ['letter-3', 'letter-2', 'letter-1']);
      const all = await call('listDeadLetters', { query: { state: 'any' } });
      assert.equal(all.body.items.length, 6);
      assert.equal(all.body.next, undefined);
    });

    it('filters by origin, partner, step, cause and time, and counts by cause', async () => {
      const { call } = setUp([
        letter(1),
        letter(2, { partnerId: 'other' }),
        letter(3, { origin: 'step', step: 'advance', cause: 'typeerror', reason: 'TypeError' }),
        letter(4, { cause: 'http-502', reason: 'answered 502' }),
      ]);
      const found = async (query: Record<string, string>) => idsOf((await call('listDeadLetters', { query })).body);
      assert.deepEqual(await found({ origin: 'step' }), ['letter-3']);
      assert.deepEqual(await found({ partner: 'other' }), ['letter-2']);
      assert.deepEqual(await found({ step: 'advance' }), ['letter-3']);
      for (const cause of ['http-500', 'erp:http-500']) assert.deepEqual(await found({ cause }), ['letter-2', 'letter-1']);
      assert.deepEqual(await found({ cause: 'step:http-500' }), []);
      assert.deepEqual(await found({ from: '2026-11-20T00:00:02Z', to: '2026-11-20T00:00:04Z' }), ['letter-3', 'letter-2']);
      const { body } = await call('listDeadLetterCauses');
      const timeOf = (number: number) => letter(number).failedAt;
      assert.deepEqual(body.items, [
        { origin: 'erp', cause: 'http-500', count: 2, oldest: timeOf(1), newest: timeOf(2), reason: 'answered 500' },
        { origin: 'erp', cause: 'http-502', count: 1, oldest: timeOf(4), newest: timeOf(4), reason: 'answered 502' },
        { origin: 'step', cause: 'typeerror', count: 1, oldest: timeOf(3), newest: timeOf(3), reason: 'TypeError' },
      ]);
    });

    it("asks for what the letter's flow makes of each act, saying who and why", async () => {
      const { call, executed } = setUp([letter(1)]);
      for (const act of ['redriveDeadLetter', 'discardDeadLetter']) {
        const { status } = await call(act, { params: { deadLetterId: 'letter-1' }, body: { reason: 'repaired' } });
        assert.equal(status, 202);
      }
      const said = { by: 'client:op', reason: 'repaired' };
      assert.deepEqual(executed, [
        { stream: 'order-1', command: { type: 'redrive erp-submit', ...said }, actor: 'client:op' },
        { stream: 'order-1', command: { type: 'discard erp-submit', ...said }, actor: 'client:op' },
      ]);
    });

    it('shows one with the history of its object', async () => {
      const { call } = setUp([letter(1)]);
      const { body } = await call('getDeadLetter', { params: { deadLetterId: 'letter-1' } });
      assert.deepEqual(body.history, [
        {
          revision: 4,
          at: '2026-11-20T10:00:00.000Z',
          type: 'ErpAttemptFailed',
          actor: 'connector:erp',
          attempt: 2,
          reason: 'answered 500',
        },
        { revision: 5, at: '2026-11-20T10:01:00.000Z', type: 'ErpSubmissionRetried', actor: 'client:op', reason: 'repaired' },
      ]);
      assert.equal(body.cause, 'http-500');
    });

    it('does nothing without a reason', async () => {
      const { call, executed } = setUp([letter(1)]);
      const params = { deadLetterId: 'letter-1' };
      for (const body of [{}, { reason: ' ' }, { reason: 'x', more: 1 }, undefined])
        await assert.rejects(call('redriveDeadLetter', { params, body }), ValidationError);
      assert.deepEqual(executed, []);
    });

    it('knows only what there is', async () => {
      const { call } = setUp([]);
      await assert.rejects(call('getDeadLetter', { params: { deadLetterId: 'x' } }), NotFoundError);
      await assert.rejects(call('listDeadLetters', { query: { cursor: 'x' } }), /cursor/);
    });
  });

  describe('breakers', () => {
    it('shows, opens and closes them by hand', async () => {
      const clock = manualClock();
      const ports = {
        store: new ModelStore() as never,
        openWork: modelOpenWork('outbound.erp', 0),
        runtime: new ModelRuntime(clock),
        clock,
        logger: silentTelemetry.logger,
      };
      const breaker = await ConnectorBreaker.open({ ...BREAKER, connector: 'erp', queue: 'outbound.erp', resumePerSecond: 1 }, ports);
      const call = caller(breakerRoutes(new Map([['erp', breaker]])));
      assert.deepEqual((await call('listBreakers')).body, { items: [{ connector: 'erp', state: 'closed' }] });
      const opened = await call('openBreaker', { params: { connector: 'erp' }, body: { reason: 'maintenance' } });
      const since = new Date(clock.now()).toISOString();
      const open = { connector: 'erp', state: 'open', cause: 'maintenance', by: 'client:op', since };
      assert.deepEqual(opened, { status: 200, body: open });
      const closed = await call('closeBreaker', { params: { connector: 'erp' }, body: { reason: 'done' } });
      assert.deepEqual(closed.body, { connector: 'erp', state: 'closed' });
      const { body } = await call('getBreaker', { params: { connector: 'erp' } });
      assert.deepEqual(body, {
        connector: 'erp',
        state: 'closed',
        history: [
          { at: since, state: 'closed', by: 'client:op', reason: 'done' },
          { at: since, state: 'open', by: 'client:op', reason: 'maintenance' },
        ],
      });
      await assert.rejects(call('openBreaker', { params: { connector: 'crm' }, body: { reason: 'x' } }), NotFoundError);
      await assert.rejects(call('openBreaker', { params: { connector: 'erp' }, body: {} }), ValidationError);
    });
  });
});
