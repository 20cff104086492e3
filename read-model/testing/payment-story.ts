import type { SealedData } from '@sagahub/contracts/events.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { PaymentEvent, PaymentReceived } from '@sagahub/contracts/messages/payment.ts';
import type { Told } from './order-story.ts';

type StoryEvent = PaymentEvent | EngineEvent;

export const happened = <Type extends StoryEvent['type']>(
  type: Type,
  data: Extract<StoryEvent, { readonly type: Type }>['data'],
): Told => ({
  type,
  data,
});

export const EXPIRES_AT = '2026-11-21T10:00:00.000Z';
export const posted = (paymentId: string, changes: Partial<PaymentReceived['data']> = {}, sealed?: SealedData): Told => ({
  ...happened('PaymentReceived', {
    paymentId,
    paymentReference: `PAY-${paymentId.slice(0, 8)}`,
    partnerId: 'acme',
    clientId: 'acme-shop',
    amount: '20.00',
    currency: 'EUR',
    orderNumber: 'PO-1',
    payerId: 'C-1',
    methodType: 'card',
    fingerprint: 'f',
    channel: 'http',
    ...changes,
  }),
  ...(sealed && { private: sealed }),
});
export const asked = happened('AuthorizationRequested', { connector: 'processor', overdueAfterMs: 300_000, expiresAt: EXPIRES_AT });
export const approved = (processorRef = 'T-1'): Told => happened('PaymentApproved', { processorRef, attempt: 1, answeredBy: 'call' });
export const failedAt = (attempt: number, nextAt = '2026-11-20T10:20:00.000Z'): Told =>
  happened('AuthorizationAttemptFailed', { attempt, certainty: 'not-done', reason: 'the processor answered 503', status: 503, nextAt });
