import type {
  CancellationRequested,
  DiscountApplied,
  ErpAttemptFailed,
  ErpAttemptStarted,
  ErpCancellationRequested,
  ErpOrderCancelled,
  ErpSubmissionFailed,
  ErpSubmissionRefused,
  ErpSubmissionRequested,
  ErpSubmissionRetried,
  OrderCompleted,
  OrderEvent,
  OrderReceived,
  OrderSentToErp,
  OrderValidated,
  StockReserved,
} from '@sagahub/contracts/messages/order.ts';
import type { OrderPolicy } from '../policy.ts';

export const NOW_MS = Date.parse('2026-11-20T10:00:00.000Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

export const POLICY: OrderPolicy = { connector: 'erp', overdueAfterMs: 5 * MINUTE_MS, deadlineMs: 72 * HOUR_MS };

/** Two lines of one SKU and one of another: 3 × 19.90 + 1 × 19.90 + 2.5 × 4.00 = 89.60. */
export const received: OrderReceived = {
  type: 'OrderReceived',
  data: {
    orderId: 'order-1',
    orderNumber: 'PO-10045',
    partnerId: 'acme',
    clientId: 'acme-shop',
    currency: 'EUR',
    buyerId: 'C-1001',
    lines: [
      { lineNumber: 1, sku: 'BEARING', quantity: '3', unitPrice: '19.90' },
      { lineNumber: 2, sku: 'BEARING', quantity: '1', unitPrice: '19.90' },
      { lineNumber: 3, sku: 'GREASE', quantity: '2.5', unitPrice: '4' },
    ],
    subtotal: '89.60',
    fingerprint: 'f1',
    channel: 'http',
    submission: 1,
  },
  private: { keyId: 'k1', nonce: 'n', sealed: 's' },
};
export const receivedWithDiscount: OrderReceived = { ...received, data: { ...received.data, discountCode: 'WELCOME10' } };

export const ITEMS = [
  { sku: 'BEARING', quantity: '4' },
  { sku: 'GREASE', quantity: '2.5' },
];
export const reserved: StockReserved = { type: 'StockReserved', data: { items: ITEMS } };
export const applied: DiscountApplied = { type: 'DiscountApplied', data: { code: 'WELCOME10', percent: '10', amount: '8.96' } };
export const validated: OrderValidated = { type: 'OrderValidated', data: { subtotal: '89.60', discount: '0.00', total: '89.60' } };
export const validatedWithDiscount: OrderValidated = {
  type: 'OrderValidated',
  data: { subtotal: '89.60', discount: '8.96', total: '80.64' },
};
export const requested: ErpSubmissionRequested = { type: 'ErpSubmissionRequested', data: { ...POLICY } };

/** Histories up to the call of the ERP. */
export const SUBMITTING: readonly OrderEvent[] = [received, reserved, validated, requested];
export const SUBMITTING_DISCOUNTED: readonly OrderEvent[] = [receivedWithDiscount, reserved, applied, validatedWithDiscount, requested];

export const started = (attempt: number): ErpAttemptStarted => ({ type: 'ErpAttemptStarted', data: { attempt } });
export const attemptFailed = (attempt: number, certainty: 'not-done' | 'unknown', nextAtMs = NOW_MS + 1_000): ErpAttemptFailed => ({
  type: 'ErpAttemptFailed',
  data: { attempt, certainty, reason: 'ERP answered 503', status: 503, nextAt: new Date(nextAtMs).toISOString() },
});
export const refused = (attempt = 1): ErpSubmissionRefused => ({
  type: 'ErpSubmissionRefused',
  data: { attempt, reason: 'customer blocked', status: 422 },
});
export const submissionFailed = (attempts = 6, inDoubt = false): ErpSubmissionFailed => ({
  type: 'ErpSubmissionFailed',
  data: { deadLetterId: `dead-${attempts}`, attempts, reason: 'ERP answered 503', status: 503, inDoubt },
});
export const retried = (attempts = 6): ErpSubmissionRetried => ({
  type: 'ErpSubmissionRetried',
  data: { deadLetterId: `dead-${attempts}`, by: 'operator', reason: 'ERP is back' },
});
export const sentToErp = (erpRef = 'ERP-1', attempt = 1): OrderSentToErp => ({
  type: 'OrderSentToErp',
  data: { erpRef, attempt, alreadyThere: false },
});
export const completed: OrderCompleted = { type: 'OrderCompleted', data: { erpRef: 'ERP-1', total: '89.60' } };

export const cancelled: CancellationRequested = { type: 'CancellationRequested', data: { by: 'acme-shop', reason: 'no longer wanted' } };
export const cancelRequested = (erpRef?: string): ErpCancellationRequested => ({
  type: 'ErpCancellationRequested',
  data: { connector: 'erp', ...(erpRef !== undefined && { erpRef }) },
});
export const erpCancelled = (erpRef: string): ErpOrderCancelled => ({ type: 'ErpOrderCancelled', data: { erpRef, proof: 'cancelled' } });
export const absent: ErpOrderCancelled = { type: 'ErpOrderCancelled', data: { proof: 'absent' } };
export const discountReleased: OrderEvent = { type: 'DiscountReleased', data: { code: 'WELCOME10' } };
export const stockReleased: OrderEvent = { type: 'StockReleased', data: { items: ITEMS } };
export const cancelFailed: OrderEvent = { type: 'CompensationFailed', data: { step: 'erp-cancel', reason: 'already shipped' } };
export const compensationRetried: OrderEvent = { type: 'CompensationRetried', data: { by: 'operator', reason: 'recalled' } };

export const orderCancelled = (compensation: 'none' | 'full' | 'partial'): OrderEvent => ({
  type: 'OrderCancelled',
  data: { reason: 'no longer wanted', compensation },
});
export const rejectedAs = (reason: string, detail: string | undefined, compensation: 'none' | 'full' | 'partial'): OrderEvent => ({
  type: 'OrderRejected',
  data: { reason, ...(detail !== undefined && { detail }), compensation },
});
