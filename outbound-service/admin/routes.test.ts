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
      reason: 'answered 500',
      attempts: 6,
      failedAt: new Date(Date.UTC(2026, 10, 20) + number * 1_000).toISOString(),
      state: 'open',
      payload: {},
      ...changes,
    });
    const setUp = (letters: readonly DeadLetter[]) => {
      const executed: { readonly stream: string; readonly command: Command; readonly actor: string }[] = [];
      const runtime = {
        execute: (stream, command, { actor }) => {
          if (stream === 'order-2') return Promise.reject(new ConflictError('HUB_DEAD_LETTER_RESOLVED', 'skipped: order ended'));
          executed.push({ stream, command, actor });
          return Promise.resolve({ events: [], folded: {} as never });
        },
      } as Partial<SagaRuntime> as SagaRuntime;
      const documents = modelDocuments(letters.map((body) => ({ id: body.deadLetterId, revision: 1, body: body as never })));
      return { call: caller(deadLetterRoutes(documents, runtime)), executed };
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

    it('filters by origin, partner and cause, and counts by cause', async () => {
      const { call } = setUp([
        letter(1),
        letter(2, { partnerId: 'other' }),
        letter(3, { origin: 'step', reason: 'TypeError' }),
        letter(4, { reason: 'answered 502' }),
      ]);
      const found = async (query: Record<string, string>) => idsOf((await call('listDeadLetters', { query })).body);
      assert.deepEqual(await found({ origin: 'step' }), ['letter-3']);
      assert.deepEqual(await found({ partner: 'other' }), ['letter-2']);
      assert.deepEqual(await found({ cause: 'answered 500' }), ['letter-2', 'letter-1']);
      const { body } = await call('listDeadLetterCauses');
      assert.deepEqual(
        body.items.map(({ origin, cause, count }: { origin: string; cause: string; count: number }) => [origin, cause, count]),
        [
          ['erp', 'answered 500', 2],
          ['erp', 'answered 502', 1],
          ['step', 'TypeError', 1],
        ],
      );
    });

    it('turns each act into the command its origin needs, saying who and why', async () => {
      const { call, executed } = setUp([
        letter(1),
        letter(3, { origin: 'step', payload: { step: 'advance' } }),
        letter(4, { origin: 'compensation' }),
        letter(5, { origin: 'surplus' }),
      ]);
      for (const number of [1, 3, 4, 5])
        for (const act of ['redriveDeadLetter', 'discardDeadLetter']) {
          const { status } = await call(act, { params: { deadLetterId: `letter-${number}` }, body: { reason: 'repaired' } });
          assert.equal(status, 202);
        }
      const said = { by: 'client:op', reason: 'repaired' };
      assert.deepEqual(
        executed.map(({ stream, command }) => [stream, command]),
        [
          ['order-1', { type: 'Redrive', deadLetterId: 'letter-1', ...said }],
          ['order-1', { type: 'Compensate', deadLetterId: 'letter-1', ...said }],
          ['order-3', { type: 'RetryStep', step: 'advance', ...said }],
          ['order-3', { type: 'Compensate', ...said }],
          ['order-4', { type: 'RetryCompensation', ...said }],
          ['order-4', { type: 'Abandon', ...said }],
          ['order-5', { type: 'Compensate', ...said }],
          ['order-5', { type: 'Compensate', ...said }],
        ],
      );
      assert.equal(executed[0]?.actor, 'client:op');
    });

    it('does nothing without a reason', async () => {
      const { call, executed } = setUp([letter(1)]);
      const params = { deadLetterId: 'letter-1' };
      for (const body of [{}, { reason: ' ' }, { reason: 'x', more: 1 }, undefined])
        await assert.rejects(call('redriveDeadLetter', { params, body }), ValidationError);
      await assert.rejects(call('redriveDeadLetters', { body: { filter: {} } }), ValidationError);
      assert.deepEqual(executed, []);
    });

    it('knows only what there is', async () => {
      const { call } = setUp([]);
      await assert.rejects(call('getDeadLetter', { params: { deadLetterId: 'x' } }), NotFoundError);
      await assert.rejects(call('listDeadLetters', { query: { cursor: 'x' } }), /cursor/);
    });

    it('redrives many, and tells of each what became of it', async () => {
      const { call } = setUp([letter(1), letter(2), letter(3, { origin: 'step' }), letter(4, { state: 'resolved' })]);
      const { body } = await call('redriveDeadLetters', { body: { filter: { origin: 'erp' }, reason: 'repaired' } });
      assert.deepEqual(body, {
        items: [
          { deadLetterId: 'letter-2', orderNumber: 'PO-2', result: 'skipped', why: 'order ended' },
          { deadLetterId: 'letter-1', orderNumber: 'PO-1', result: 'redriven' },
        ],
        more: false,
      });
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
      const open = { connector: 'erp', state: 'open', cause: 'maintenance', by: 'client:op', since, lastFailure: 'maintenance' };
      assert.deepEqual(opened, { status: 200, body: open });
      const closed = await call('closeBreaker', { params: { connector: 'erp' }, body: { reason: 'done' } });
      assert.deepEqual(closed.body, { connector: 'erp', state: 'closed' });
      await assert.rejects(call('openBreaker', { params: { connector: 'crm' }, body: { reason: 'x' } }), NotFoundError);
      await assert.rejects(call('openBreaker', { params: { connector: 'erp' }, body: {} }), ValidationError);
    });
  });
});
