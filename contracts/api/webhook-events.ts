/** What subscribers are told: one schema for each public event type, the source of validation, OpenAPI and documentation. */
import { z } from 'zod';
import { ORDER_EVENTS } from './order-events.ts';
import { PAYMENT_EVENTS } from './payment-events.ts';
import { type PublicEvents, time } from './public-event.ts';

/** Of every flow, by public type. */
export const WEBHOOK_EVENTS = { ...ORDER_EVENTS, ...PAYMENT_EVENTS } as const satisfies PublicEvents;

export type WebhookType = keyof typeof WEBHOOK_EVENTS;
export const WEBHOOK_TYPES = Object.keys(WEBHOOK_EVENTS) as readonly WebhookType[];
/** As a rule nothing more is told of an object behind one of these. */
export const LAST_TYPES: ReadonlySet<string> = new Set(WEBHOOK_TYPES.filter((type) => 'ends' in WEBHOOK_EVENTS[type]));
/** Sent when somebody asks for it, to that subscription alone, whatever it subscribed to. */
export const TEST_TYPE = 'webhook.test';
export const testData = z.object({ subscriptionId: z.uuid() });

/** The body of a message of a type. */
export const webhookBody = (type: WebhookType | typeof TEST_TYPE) =>
  z.object({
    type: z.literal(type),
    timestamp: time.describe('when it happened, not when it was sent'),
    data: type === TEST_TYPE ? testData : WEBHOOK_EVENTS[type].data,
  });
