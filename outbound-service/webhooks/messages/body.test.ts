import assert from 'node:assert/strict';
import { WEBHOOK_TYPES, webhookBody, type WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { MessageBodies } from './bodies.ts';
import { publicTypeOf } from './event-types.ts';

const ORDER_ID = '8f14e45f-ceea-567a-9a36-dedd4bea2543';
const STREAM = `order-${ORDER_ID}`;
const AT = '2026-11-20T10:00:00.000Z';

const recorded = (...bodies: readonly (readonly [type: string, data: object])[]): RecordedEvent[] =>
  bodies.map(([type, data], revision) => ({
    id: `e${revision}`,
    type,
    data: data as RecordedEvent['data'],
    stream: STREAM,
    revision,
    position: BigInt(revision + 1),
    hash: '',
    metadata: { time: AT, correlationId: 'c', partnerId: 'acme', actor: 'test', schemaVersion: 1 },
  }));

const RECEIVED = [
  'OrderReceived',
  {
    orderId: ORDER_ID,
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
const EVENTS: readonly (readonly [string, object])[] = [
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
  ['OrderResubmitted', { newOrderId: ORDER_ID, fingerprint: 'f', by: 'client:shop' }],
];

const bodyOf = async (events: readonly RecordedEvent[]): Promise<string> => {
  const store = { readStream: async (_stream: string, { to = 0 } = {}) => events.slice(0, to + 1) };
  return new MessageBodies(store).bodyOf({ stream: STREAM, revision: events.length - 1 });
};

describe('message bodies', () => {
  for (const event of EVENTS)
    it(`tell of ${event[0]} as its schema says`, async () => {
      const events = event === RECEIVED ? recorded(RECEIVED) : recorded(RECEIVED, VALIDATED, event);
      const body = JSON.parse(await bodyOf(events)) as { type: WebhookType };
      assert.equal(body.type, publicTypeOf(events.at(-1)!));
      assert.deepEqual(webhookBody(body.type).strict().parse(body), body);
      assert.doesNotMatch(JSON.stringify(body), /C-1|client:|secret of the hub/);
    });

  it('are documented for every type there is, and made for every documented one', () => {
    const made = new Set(EVENTS.map(([type, data]) => publicTypeOf({ type, data: data as RecordedEvent['data'] })));
    assert.deepEqual(made, new Set(WEBHOOK_TYPES));
  });

  it('are the same bytes whether they were learned as it happened or made from the stream later', async () => {
    const events = recorded(RECEIVED, VALIDATED, ['OrderCompleted', { erpRef: 'E-1', total: '19.00' }]);
    const learned = new MessageBodies({ readStream: () => Promise.reject(new Error('read again')) });
    for (const event of events) learned.learn(event);
    for (const revision of [0, 2])
      assert.equal(await learned.bodyOf({ stream: STREAM, revision }), await bodyOf(events.slice(0, revision + 1)));
  });

  it('know an order as it was then, not as it became', async () => {
    const events = recorded(RECEIVED, VALIDATED);
    assert.equal(JSON.parse(await bodyOf(events.slice(0, 1))).data.total, undefined);
  });
});
