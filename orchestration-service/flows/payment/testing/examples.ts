import type { PaymentEvent, PaymentReceived } from '@sagahub/contracts/messages/payment.ts';
import type { PaymentPolicy } from '../policy.ts';

export const NOW_MS = Date.parse('2026-11-20T10:00:00.000Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

export const POLICY: PaymentPolicy = { connector: 'payment-processor', overdueAfterMs: 5 * MINUTE_MS, expiresAfterMs: 24 * HOUR_MS };
export const EXPIRES_AT = '2026-11-21T10:00:00.000Z';

export const received: PaymentReceived = {
  type: 'PaymentReceived',
  data: {
    paymentId: 'payment-1',
    paymentReference: 'PAY-10045',
    partnerId: 'acme',
    clientId: 'acme-shop',
    amount: '89.60',
    currency: 'EUR',
    orderNumber: 'PO-10045',
    payerId: 'C-1001',
    methodType: 'card',
    fingerprint: 'f1',
    channel: 'http',
  },
  private: { keyId: 'k1', nonce: 'n', sealed: 's' },
};
export const requested: PaymentEvent = {
  type: 'AuthorizationRequested',
  data: { connector: 'payment-processor', overdueAfterMs: 5 * MINUTE_MS, expiresAt: EXPIRES_AT },
};
export const AUTHORIZING: readonly PaymentEvent[] = [received, requested];

export const started = (attempt: number): PaymentEvent => ({ type: 'AuthorizationAttemptStarted', data: { attempt } });
export const attemptFailed = (attempt: number, certainty: 'not-done' | 'unknown', nextAtMs = NOW_MS + 1_000): PaymentEvent => ({
  type: 'AuthorizationAttemptFailed',
  data: { attempt, certainty, reason: 'answered 503', status: 503, nextAt: new Date(nextAtMs).toISOString() },
});
export const pendingAt = (processorRef?: string, attempt = 1, nextAtMs = NOW_MS + 2_000): PaymentEvent => ({
  type: 'AuthorizationPending',
  data: { attempt, ...(processorRef !== undefined && { processorRef }), nextAt: new Date(nextAtMs).toISOString() },
});
export const failed = (attempts = 6, inDoubt = false): PaymentEvent => ({
  type: 'AuthorizationFailed',
  data: { deadLetterId: `dead-${attempts}`, attempts, reason: 'answered 503', status: 503, inDoubt },
});
export const retried = (attempts = 6): PaymentEvent => ({
  type: 'AuthorizationRetried',
  data: { deadLetterId: `dead-${attempts}`, by: 'operator', reason: 'it is back' },
});
export const approved = (
  processorRef = 'T-1',
  extra: { tooLate?: true; answeredBy?: 'call' | 'callback' | 'by-hand' } = {},
): PaymentEvent => ({
  type: 'PaymentApproved',
  data: { processorRef, attempt: 1, answeredBy: 'call', ...extra },
});
export const declined = (extra: { tooLate?: true; answeredBy?: 'callback' } = {}): PaymentEvent => ({
  type: 'PaymentDeclined',
  data: { reason: 'insufficient-funds', attempt: 1, answeredBy: 'call', ...extra },
});
export const exceeded: PaymentEvent = { type: 'AuthorizationDeadlineExceeded', data: { expiresAt: EXPIRES_AT } };
export const cancelled: PaymentEvent = { type: 'CancellationRequested', data: { by: 'acme-shop', reason: 'changed their mind' } };
export const refund: PaymentEvent = { type: 'RefundRequested', data: { by: 'acme-shop', reason: 'sent back' } };
export const reversalRequested = (processorRef?: string): PaymentEvent => ({
  type: 'ReversalRequested',
  data: { connector: 'payment-processor', ...(processorRef !== undefined && { processorRef }) },
});
export const reversed = (processorRef: string): PaymentEvent => ({
  type: 'PaymentReversed',
  data: { processorRef, proof: 'cancelled' },
});
export const absent: PaymentEvent = { type: 'PaymentReversed', data: { proof: 'absent' } };
export const reversalFailed: PaymentEvent = { type: 'CompensationFailed', data: { step: 'reverse', reason: 'settled already' } };
export const compensationRetried: PaymentEvent = { type: 'CompensationRetried', data: { by: 'operator', reason: 'allowed now' } };
export const paymentCancelled: PaymentEvent = { type: 'PaymentCancelled', data: { reason: 'changed their mind' } };
export const paymentExpired: PaymentEvent = { type: 'PaymentExpired', data: { expiresAt: EXPIRES_AT } };
export const paymentRefunded: PaymentEvent = { type: 'PaymentRefunded', data: { processorRef: 'T-1', reason: 'sent back' } };
