import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { OrderDocument } from './order-document.ts';

/** The events that the fold of an order takes in. */
export type KnownEvent = OrderEvent | EngineEvent;

/** Members that are replaced; `undefined` removes one. */
export type OrderChanges = { -readonly [Member in keyof OrderDocument]?: OrderDocument[Member] | undefined };

/** From here on something is to be undone, and what was waited for no longer is. */
export const COMPENSATING: OrderChanges = { state: 'Compensating', waiting: undefined, endedAt: undefined };
