import type { Found, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { HttpAnswer, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { failureOutcome, isSuccess, parse, reasonOf, REFUSED, troubleOf, UNREADABLE } from '../http/answers.ts';
import { retryAfterMs } from '../http/retry-after.ts';

/**
 * What the processor's answers mean; what is not in the table means what it means for every connector (`http/answers.ts`).
 *
 * | answer                                     | to an authorisation, or asked about one | look-up       | reversal |
 * |--------------------------------------------|-----------------------------------------|---------------|----------|
 * | 2xx or 409, `status: approved`, `paymentRef` | done                                  |               | done     |
 * | 2xx, 402 or 409, `status: declined`        | refused, with `reason`                  |               |          |
 * | 2xx or 409, `status: pending`              | pending, asked again as `Retry-After` says |            |          |
 * | 2xx or 409, `status: reversed`             | refused: somebody took it back there    |               |          |
 * | 2xx or 409 with anything else              | unknown                                 | misconfigured |          |
 * | 400, 410, 413, 422                         | refused                                 | misconfigured | refused  |
 * | 404                                        | misconfigured; asked about one: transient | misconfigured | refused |
 */
export const PROCESSOR_STATUSES = ['approved', 'declined', 'pending', 'reversed'] as const;
export type ProcessorStatus = (typeof PROCESSOR_STATUSES)[number];

/** What the processor says of one payment. */
export interface ProcessorPayment {
  readonly paymentRef?: string;
  readonly externalPaymentId?: string;
  readonly status: ProcessorStatus;
  /** Why it was declined: the processor's word, such as `insufficient-funds`. */
  readonly reason?: string;
}

/** @param asked it is known there, and was asked about: nothing was to be done */
export const authorizationOutcome = (answer: HttpAnswer | HttpFailure, nowMs: number, asked: boolean): SubmitOutcome => {
  if (answer.kind === 'failure') return failureOutcome(answer);
  const { status } = answer;
  const isAnswer = isSuccess(status) || status === 409 || status === 402;
  const body = isAnswer ? parse(answer.bodyText) : undefined;
  const payment = paymentOf(body);
  if (payment) return outcomeOf(payment, answer, nowMs);
  if (isSuccess(status) && body === UNREADABLE)
    return { kind: 'misconfigured', reason: `answered ${status} with something that is not JSON`, status };
  if (isAnswer) return { kind: 'unknown', reason: `answered ${status} without saying what became of it`, status };
  // It has forgotten what it knew, or shows it late; expiry puts an end to asking.
  if (asked && status === 404) return { kind: 'transient', reason: reasonOf(answer), status };
  return REFUSED.has(status) ? { kind: 'refused', reason: reasonOf(answer), status } : troubleOf(answer, nowMs);
};

const outcomeOf = (payment: ProcessorPayment, { status, headers }: HttpAnswer, nowMs: number): SubmitOutcome => {
  const { paymentRef } = payment;
  switch (payment.status) {
    case 'approved':
      if (paymentRef === undefined) return { kind: 'unknown', reason: `answered ${status} without paymentRef`, status };
      return { kind: 'done', reference: paymentRef, alreadyThere: status === 409, status };
    case 'declined':
      return { kind: 'refused', reason: payment.reason ?? 'declined', status };
    case 'reversed':
      return { kind: 'refused', reason: 'reversed at the processor', status };
    case 'pending': {
      const waitMs = retryAfterMs(headers['retry-after'], nowMs);
      return {
        kind: 'pending',
        ...(paymentRef !== undefined && { reference: paymentRef }),
        ...(waitMs !== undefined && { retryAfterMs: waitMs }),
      };
    }
  }
};

/** What is pending counts as live: it may be approved yet. */
export const lookupOutcome = (answer: HttpAnswer | HttpFailure, externalPaymentId: string, nowMs: number): LookupOutcome => {
  if (answer.kind === 'failure') return failureOutcome(answer);
  const { status } = answer;
  if (!isSuccess(status)) return troubleOf(answer, nowMs);
  const body = parse(answer.bodyText);
  if (!Array.isArray(body)) return { kind: 'misconfigured', reason: `answered a look-up with ${status} and no list`, status };
  const orders: Found[] = [];
  for (const entry of body as readonly unknown[]) {
    const payment = paymentOf(entry);
    // A processor that does not know the parameter answers with everybody's payments.
    if ((entry as { externalPaymentId?: unknown } | null)?.externalPaymentId !== externalPaymentId) continue;
    if (payment?.paymentRef === undefined) return { kind: 'unknown', reason: 'listed a payment without paymentRef or status', status };
    orders.push({ reference: payment.paymentRef, live: payment.status === 'approved' || payment.status === 'pending' });
  }
  return { kind: 'found', orders };
};

/** Undefined: not what the contract says. */
export const paymentOf = (body: unknown): ProcessorPayment | undefined => {
  if (typeof body !== 'object' || body === null) return undefined;
  const { paymentRef, externalPaymentId, status, reason } = body as Record<string, unknown>;
  const known = PROCESSOR_STATUSES.find((each) => each === status);
  if (!known) return undefined;
  return {
    status: known,
    ...(typeof paymentRef === 'string' && paymentRef !== '' && { paymentRef }),
    ...(typeof externalPaymentId === 'string' && { externalPaymentId }),
    ...(typeof reason === 'string' && reason !== '' && { reason: reason.slice(0, REASON_LIMIT) }),
  };
};

const REASON_LIMIT = 300;
