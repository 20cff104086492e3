import type { EventBody, NewEvent, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { SealedData } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { OrderEvent, OrderReceived } from '@sagahub/contracts/messages/order.ts';

export type StoryEvent = OrderEvent | EngineEvent;
/** An event of any flow, as far as a store takes it in. */
export type Told = EventBody<string, any>;

/** An event with the least that a test must say about it: its type and the data it is about. */
export const told = <Type extends StoryEvent['type']>(
  type: Type,
  data: Extract<StoryEvent, { readonly type: Type }>['data'],
  sealed?: SealedData,
): StoryEvent => ({ type, data, ...(sealed && { private: sealed }) }) as unknown as StoryEvent;

export const received = (orderId: string, changes: Partial<OrderReceived['data']> = {}, sealed?: SealedData): StoryEvent =>
  told(
    'OrderReceived',
    {
      orderId,
      orderNumber: `PO-${orderId.slice(0, 8)}`,
      partnerId: 'acme',
      clientId: 'acme-shop',
      currency: 'EUR',
      buyerId: 'C-1',
      lines: [{ lineNumber: 1, sku: 'SKU-1', quantity: '2', unitPrice: '10.00' }],
      subtotal: '20.00',
      fingerprint: 'f',
      channel: 'http',
      submission: 1,
      ...changes,
    },
    sealed,
  );

export const requested = told('ErpSubmissionRequested', { connector: 'erp', overdueAfterMs: 300_000, deadlineMs: 259_200_000 });
export const validated: readonly StoryEvent[] = [
  told('StockReserved', { items: [{ sku: 'SKU-1', quantity: '2' }] }),
  told('OrderValidated', { subtotal: '20.00', discount: '0.00', total: '20.00' }),
  requested,
];
export const sent = told('OrderSentToErp', { erpRef: 'E-1', attempt: 1, alreadyThere: false });
export const completed: readonly StoryEvent[] = [sent, told('OrderCompleted', { erpRef: 'E-1', total: '20.00' })];
export const attemptFailed = (attempt: number, nextAt = '2026-11-20T10:20:00.000Z') =>
  told('ErpAttemptFailed', { attempt, certainty: 'not-done', reason: 'the ERP answered 503', status: 503, nextAt });

/** As the store is handed them. */
export const written = (events: readonly Told[], timeMs: number, partnerId = 'acme'): readonly NewEvent[] =>
  events.map(
    (event, index): NewEvent => ({
      id: newId(),
      type: event.type,
      data: event.data as unknown as JsonObject,
      ...('private' in event && event.private && { private: event.private }),
      metadata: {
        time: new Date(timeMs + index).toISOString(),
        correlationId: 'flow-1',
        partnerId,
        actor: 'test',
        schemaVersion: 1,
      },
    }),
  );

/** As the store gives them back, one stream, positions from 1. */
export const recorded = (stream: string, events: readonly Told[], timeMs = Date.UTC(2026, 10, 20, 10)): readonly RecordedEvent[] =>
  written(events, timeMs).map((event, index) => ({ ...event, stream, revision: index, position: BigInt(index + 1), hash: '' }));
