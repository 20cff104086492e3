import type { EventBody } from '@sagahub/contracts/events.ts';
import type { DeliveryEvent, WebhookRequested } from '@sagahub/contracts/messages/webhook.ts';
import type { SagaEvent } from '@sagahub/contracts/saga.ts';
import { deliveryFlow } from '../deliveries/flow.ts';
import type { DeliveryState } from '../deliveries/state.ts';

export const SUBSCRIPTION_ID = '0b0e7a52-54a0-4a3f-9a44-5d6f7c1c2b01';
export const ORDER_ID = '8f14e45f-ceea-567a-9a36-dedd4bea2543';
/** Milliseconds since 1970 of the first event of a story; each further one is a second later. */
export const BEGIN_MS = Date.UTC(2026, 10, 20, 10);

export const requested = (messageId: string, changes: Partial<WebhookRequested['data']> = {}): DeliveryEvent => ({
  type: 'WebhookRequested',
  data: {
    messageId,
    subscriptionId: SUBSCRIPTION_ID,
    objectId: ORDER_ID,
    type: 'order.received',
    source: { stream: `order-${ORDER_ID}`, revision: 0 },
    occurredAt: new Date(BEGIN_MS).toISOString(),
    ordered: false,
    ...changes,
  },
});

/** The state behind these events. */
export const stateAfter = (...events: readonly (DeliveryEvent | EventBody)[]): DeliveryState =>
  events.reduce<DeliveryState>(
    (state, event, index) =>
      deliveryFlow.evolve(state, { ...event, time: new Date(BEGIN_MS + index * 1_000).toISOString(), partnerId: 'acme' } as SagaEvent),
    deliveryFlow.initialState,
  );
