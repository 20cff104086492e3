import assert from 'node:assert/strict';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { AlertEvent } from '@sagahub/contracts/messages/alert.ts';
import { alertOf } from './alert-of.ts';
import { surplusOf } from './flows/order-surplus.ts';
import { type AlertCommand, alertFlow, type AlertState } from './flow.ts';

const LOG_ID = '00000000-0000-4000-8000-000000000001';
const AT = '2026-11-20T10:00:00.000Z';
const event = (type: string, data: object, stream = 'order-1'): RecordedEvent =>
  ({ type, data, stream, revision: 6, metadata: { time: AT, partnerId: 'acme' } }) as unknown as RecordedEvent;

describe('alerts', () => {
  it('are about what gets stuck or overdue, and a breaker that opens', () => {
    const typeOf = (type: string, data: object, stream?: string) => alertOf(LOG_ID, event(type, data, stream))?.type;
    assert.equal(typeOf('ErpSubmissionFailed', { reason: 'answered 503', status: 503, deadLetterId: 'd' }), 'order.stuck');
    assert.equal(typeOf('CompensationFailed', { step: 'erp-cancel', reason: 'shipped' }), 'order.stuck');
    assert.equal(typeOf('StepFaulted', { step: 'advance', error: 'boom' }), 'order.stuck');
    assert.equal(typeOf('StepFaulted', { step: 'advance', error: 'boom', nextAt: AT }), undefined);
    assert.equal(typeOf('ErpOverdueFlagged', { requestedAt: AT }), 'order.overdue');
    assert.equal(typeOf('BreakerOpened', { connector: 'erp', cause: '503' }, 'breaker-erp'), 'breaker.opened');
    assert.equal(typeOf('OrderCompleted', {}), undefined);
  });

  it('are about every flow in its own words', () => {
    const failure = { reason: 'answered 503', status: 503, deadLetterId: 'd', attempts: 3, inDoubt: false };
    const failed = alertOf(LOG_ID, event('AuthorizationFailed', failure, 'payment-2'));
    assert.deepEqual(
      [failed?.type, failed?.cause, failed?.paymentId, failed?.orderId, failed?.deadLetterId],
      ['payment.stuck', 'processor:http-503', '2', undefined, 'd'],
    );
    const typeOf = (type: string, data: object) => alertOf(LOG_ID, event(type, data, 'payment-2'))?.type;
    assert.equal(typeOf('AuthorizationOverdueFlagged', { requestedAt: AT }), 'payment.overdue');
    assert.equal(typeOf('CompensationFailed', { step: 'reverse', reason: 'settled' }), 'payment.stuck');
    assert.equal(typeOf('StepFaulted', { step: 'advance', error: 'boom' }), 'payment.stuck');
    assert.equal(typeOf('PaymentDeclined', { reason: 'insufficient-funds' }), undefined);
  });

  it('have an id that follows from the event, and a cause to group by', () => {
    const failed = event('ErpSubmissionFailed', { reason: 'answered 503', status: 503, deadLetterId: 'd' });
    const alert = alertOf(LOG_ID, failed);
    assert.equal(alert?.alertId, alertOf(LOG_ID, failed)?.alertId);
    assert.notEqual(alert?.alertId, alertOf(LOG_ID, { ...failed, revision: 7 })?.alertId);
    assert.deepEqual([alert?.cause, alert?.orderId, alert?.partnerId, alert?.deadLetterId], ['erp:http-503', '1', 'acme', 'd']);
  });

  it('are about a completed order that the ERP makes once more, found without reading the history of every other', async () => {
    const sent = (erpRef: string, revision: number) => ({ ...event('OrderSentToErp', { erpRef }), revision });
    const completed = { ...event('OrderCompleted', { erpRef: 'E-1' }), revision: 5 };
    let reads = 0;
    const history = [sent('E-1', 4), completed, sent('E-2', 6)];
    const readStream = (_stream: string, { to = 0 } = {}) => {
      reads++;
      return Promise.resolve(history.filter(({ revision }) => revision <= to));
    };
    const surplus = (of: RecordedEvent, next?: RecordedEvent) => surplusOf({ readStream }, of, next);
    assert.equal(await surplus(history[0]!, completed), undefined);
    assert.equal(await surplus(completed), undefined);
    assert.equal(reads, 0);
    assert.equal(await surplus(history[2]!), 'E-2');
    assert.equal(await surplus(sent('E-1', 6)), undefined, 'told again');
    assert.equal(await surplus(history[0]!), undefined, 'its completion is in the next batch');
  });

  const raised: AlertEvent = { type: 'AlertRaised', data: alertOf(LOG_ID, event('ErpOverdueFlagged', { requestedAt: AT }))! };
  const fold = (...events: readonly AlertEvent[]): AlertState =>
    events.reduce<AlertState>((state, one) => alertFlow.evolve(state, { ...one, time: AT }), alertFlow.initialState);
  const command = (state: AlertState, asked: AlertCommand) => alertFlow.command(state, asked, 0);

  it('are open work until they are taken or given up', () => {
    const failed: AlertEvent = {
      type: 'AlertAttemptFailed',
      data: { attempt: 1, reason: 'answered 503', nextAt: '2026-11-20T10:00:05.000Z' },
    };
    assert.deepEqual(
      alertFlow.pending(fold(raised, failed)).map(({ attempt, dueAtMs }) => [attempt, dueAtMs]),
      [[2, Date.parse(AT) + 5_000]],
    );
    assert.deepEqual(alertFlow.pending(fold(raised, { type: 'AlertDelivered', data: { attempt: 1, status: 200 } })), []);
    assert.deepEqual(alertFlow.pending(fold(raised, { type: 'AlertGivenUp', data: { attempts: 1, reason: 'x' } })), []);
  });

  it('record what came of each attempt once', () => {
    assert.equal(command(fold(raised), { type: 'Delivered', attempt: 1, status: 204 }).length, 1);
    assert.deepEqual(command(fold(raised), { type: 'Delivered', attempt: 2, status: 204 }), []);
    assert.deepEqual(command(fold(raised), { type: 'Failed', attempt: 1, reason: 'answered 500' }), [
      { type: 'AlertGivenUp', data: { attempts: 1, reason: 'answered 500' } },
    ]);
  });
});
