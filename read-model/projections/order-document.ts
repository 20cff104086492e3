import type { SealedData } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { Compensation, ErpRequestEdited, Handover, OrderLine, OrderState, OrderStatus } from '@sagahub/contracts/messages/order.ts';
import type { Waiting } from './waiting.ts';

/** Collection of the DocumentStore: one document per order, by order id. */
export const ORDERS = 'orders';

/** Whom or what an order waits for. */
export type OrderWaiting = Waiting<'erp' | 'erp-cancellation' | 'operator' | 'retry'>;

/** What is known about an order at the ERP. */
export interface ErpDelivery {
  readonly connector: string;
  readonly requestedAt: string;
  /** Attempts known to have begun. */
  readonly attempts: number;
  readonly cancellationAttempts: number;
  /** By an operator: what it is sent instead of what was received. */
  readonly edited?: Pick<ErpRequestEdited['data'], 'customerId' | 'items'>;
  /** The first failure of the present round of attempts. */
  readonly failingSince?: string;
  readonly reference?: string;
  /** Those that are not in force there any more. */
  readonly cancelledReferences?: readonly string[];
  readonly overdueSince?: string;
}

/** An order as the read model holds it. Personal data stays sealed: it is opened, or shown as erased, when it is read. */
export interface OrderDocument {
  readonly orderId: string;
  readonly orderNumber: string;
  readonly partnerId: string;
  readonly clientId: string;
  readonly channel: string;
  readonly correlationId: string;
  readonly status: OrderStatus;
  readonly state: OrderState;
  readonly waiting?: OrderWaiting;
  readonly buyerId: string;
  readonly personal?: SealedData;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly subtotal: string;
  readonly discount?: { readonly code: string; readonly percent?: string; readonly amount?: string };
  /** Subtotal minus discount, once both are settled. */
  readonly total?: string;
  readonly orderedAt?: string;
  readonly requestedDeliveryDate?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly receivedAt: string;
  readonly updatedAt: string;
  /** Set while the order is completed, rejected or cancelled. */
  readonly endedAt?: string;
  readonly erp?: ErpDelivery;
  readonly rejection?: { readonly reason: string; readonly detail?: string };
  readonly cancellation?: { readonly requestedAt: string; readonly by: string; readonly reason?: string };
  readonly compensation?: Compensation;
  /** Of one that is `partial`. */
  readonly handover?: Handover;
  /** Handlers that threw. */
  readonly faults: number;
  readonly deadLetters: readonly DeadLetter[];
  readonly submission: number;
  readonly resubmissionOf?: string;
  readonly resubmittedAs?: string;
  /** Flagged as overdue at the ERP, and still in flight. */
  readonly overdue?: true;
}
