import assert from 'node:assert/strict';
import { WEBHOOK_TYPES, webhookBody, type WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import { categoryOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { MessageBodies } from './bodies.ts';
import { faceOf } from '../flows.ts';

const ID = '8f14e45f-ceea-567a-9a36-dedd4bea2543';
const AT = '2026-11-20T10:00:00.000Z';
type Told = readonly [type: string, data: object];

const recorded = (stream: string, ...bodies: readonly Told[]): RecordedEvent[] =>
  bodies.map(([type, data], revision) => ({
    id: `e${revision}`,
    type,
    data: data as RecordedEvent['data'],
    stream,
    revision,
    position: BigInt(revision + 1),
    hash: '',
    metadata: { time: AT, correlationId: 'c', partnerId: 'acme', actor: 'test', schemaVersion: 1 },
  }));

const RECEIVED = [
  'OrderReceived',
  {
    orderId: ID,
    orderNumber: 'PO-1',
    partnerId: 'acme',
    clientId: 'shop',
    currency: 'EUR',
    buyerId: 'C-1',
    lines: [],
    subtotal: '20.00',
  },
] as const;
const VALIDATED = ['OrderValidated', { subtotal: '20.00', discount: '1.00', total: '19.00' }] as const;
/** An event of every type that subscribers are told of. */
const ORDER_EVENTS: readonly Told[] = [
  RECEIVED,
  ['ErpSubmissionRequested', { connector: 'erp', overdueAfterMs: 1, deadlineMs: 1 }],
  ['ErpAttemptFailed', { attempt: 1, certainty: 'not-done', reason: 'the ERP answered 503', nextAt: AT }],
  ['ErpSubmissionFailed', { deadLetterId: 'd', attempts: 6, reason: 'the ERP answered 503', inDoubt: false }],
  ['StepFaulted', { step: 'advance', attempt: 7, error: 'TypeError: secret of the hub' }],
  ['CompensationFailed', { step: 'erp-cancel', reason: 'shipped already' }],
  ['ErpSubmissionRetried', { deadLetterId: 'd', by: 'client:operator', reason: 'mended' }],
  ['CancellationRequested', { by: 'client:shop' }],
  ['OrderCompleted', { erpRef: 'E-1', total: '19.00' }],
  ['OrderRejected', { reason: 'insufficient-stock', detail: 'SKU-1: 2 asked for, 1 free', compensation: 'none' }],
  ['OrderCancelled', { compensation: 'full' }],
  ['OrderResubmitted', { newOrderId: ID, fingerprint: 'f', by: 'client:shop' }],
];

const PAYMENT = [
  'PaymentReceived',
  {
    paymentId: ID,
    paymentReference: 'P-1',
    partnerId: 'acme',
    clientId: 'shop',
    amount: '20.00',
    currency: 'EUR',
    orderNumber: 'PO-1',
    payerId: 'C-1',
    methodType: 'card',
    fingerprint: 'f',
    channel: 'http',
  },
] as const;
const answered = { attempt: 1, answeredBy: 'call' };
const PAYMENT_EVENTS: readonly Told[] = [
  PAYMENT,
  ['AuthorizationRequested', { connector: 'processor', overdueAfterMs: 1, expiresAt: AT }],
  ['AuthorizationPending', { attempt: 1, processorRef: 'T-1', nextAt: AT }],
  ['AuthorizationAttemptFailed', { attempt: 1, certainty: 'unknown', reason: 'the processor answered 503', nextAt: AT }],
  ['AuthorizationFailed', { deadLetterId: 'd', attempts: 6, reason: 'the processor answered 503', inDoubt: true }],
  ['StepFaulted', { step: 'advance', attempt: 7, error: 'TypeError: secret of the hub' }],
  ['CompensationFailed', { step: 'reversal', reason: 'settled already' }],
  ['AuthorizationRetried', { deadLetterId: 'd', by: 'client:operator', reason: 'mended' }],
  ['PaymentApproved', { processorRef: 'T-1', ...answered }],
  ['PaymentDeclined', { reason: 'insufficient-funds', ...answered }],
  ['CancellationRequested', { by: 'client:shop' }],
  ['PaymentExpired', { expiresAt: AT }],
  ['PaymentCancelled', { reason: 'changed my mind' }],
  ['RefundRequested', { by: 'client:shop', reason: 'returned' }],
  ['PaymentRefunded', { processorRef: 'T-1', reason: 'returned' }],
];

/** Of each flow: its stream, what its messages need to know, and an event of every type that subscribers are told of. */
const FLOWS = [
  { stream: `order-${ID}`, before: [RECEIVED, VALIDATED], events: ORDER_EVENTS },
  { stream: `payment-${ID}`, before: [PAYMENT], events: PAYMENT_EVENTS },
] as const;

const bodyOf = async (events: readonly RecordedEvent[]): Promise<string> => {
  const store = { readStream: async (_stream: string, { to = 0 } = {}) => events.slice(0, to + 1) };
  const { stream, revision } = events.at(-1)!;
  return new MessageBodies(store).bodyOf({ stream, revision });
};
const ORDER = FLOWS[0].stream;

describe('message bodies', () => {
  for (const { stream, before, events } of FLOWS)
    for (const event of events)
      it(`tell of ${event[0]} in ${stream.split('-', 1)[0]} streams as its schema says`, async () => {
        const happened = event === before[0] ? recorded(stream, event) : recorded(stream, ...before, event);
        const body = JSON.parse(await bodyOf(happened)) as { type: WebhookType };
        assert.equal(body.type, faceOf(stream)?.publicTypeOf(happened.at(-1)!));
        assert.deepEqual(webhookBody(body.type).strict().parse(body), body);
        assert.doesNotMatch(JSON.stringify(body), /C-1|client:|secret of the hub/);
      });

  it('are documented for every type there is, and made for every documented one', () => {
    const made = FLOWS.flatMap(({ stream, events }) =>
      events.map(([type, data]) => faceOf(stream)?.publicTypeOf({ type, data: data as RecordedEvent['data'] })),
    );
    const flows = new Set(FLOWS.map(({ stream }) => categoryOf(stream)));
    assert.deepEqual(new Set(made), new Set(WEBHOOK_TYPES.filter((type) => flows.has(type.split('.', 1)[0] ?? ''))));
  });

  it('are the same bytes whether they were learned as it happened or made from the stream later', async () => {
    const events = recorded(ORDER, RECEIVED, VALIDATED, ['OrderCompleted', { erpRef: 'E-1', total: '19.00' }]);
    const learned = new MessageBodies({ readStream: () => Promise.reject(new Error('read again')) });
    for (const event of events) learned.learn(event);
    for (const revision of [0, 2])
      assert.equal(await learned.bodyOf({ stream: ORDER, revision }), await bodyOf(events.slice(0, revision + 1)));
  });

  it('know an order as it was then, not as it became', async () => {
    const events = recorded(ORDER, RECEIVED, VALIDATED);
    assert.equal(JSON.parse(await bodyOf(events.slice(0, 1))).data.total, undefined);
  });

  it('keep an approval that came too late to themselves', () => {
    const late = { type: 'PaymentApproved', data: { processorRef: 'T-1', ...answered, tooLate: true } };
    assert.equal(faceOf(`payment-${ID}`)?.publicTypeOf(late as never), undefined);
  });
});
