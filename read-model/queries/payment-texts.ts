import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { AnsweredBy } from '@sagahub/contracts/messages/payment.ts';
import type { KnownPaymentEvent } from '../projections/payment-change.ts';
import { because, describeEngineEvent, withStatus } from './event-texts.ts';
import type { Description } from './flow-view.ts';
import type { Stopwatch } from './stopwatch.ts';

export const describePaymentEvent = (recorded: RecordedEvent): Description => {
  const event = recorded as unknown as KnownPaymentEvent;
  switch (event.type) {
    case 'PaymentReceived': {
      const { paymentReference, amount, currency, methodType, channel, orderNumber } = event.data;
      const order = orderNumber === undefined ? '' : `, for the order ${orderNumber}`;
      return {
        area: 'intake',
        title: 'Payment received',
        detail: `${paymentReference}: ${amount} ${currency} by ${methodType}, over ${channel}${order}`,
      };
    }
    case 'CancellationRequested':
      return { area: 'cancellation', title: 'Cancellation requested', detail: because(event.data.by, event.data.reason) };
    case 'CompensationRequested':
      return { area: 'operator', title: 'Payment given up', detail: because(event.data.by, event.data.reason) };
    case 'RefundRequested':
      return { area: 'cancellation', title: 'Refund requested', detail: because(event.data.by, event.data.reason) };
    case 'ReversalRequested':
      return { area: 'cancellation', title: 'To be taken back at the processor', detail: event.data.processorRef ?? 'looked up first' };
    case 'ReversalAttemptFailed': {
      const { attempt, reason, status, nextAt } = event.data;
      return {
        area: 'cancellation',
        title: 'Processor did not take it back',
        detail: `${withStatus(reason, status)}; again at ${nextAt}`,
        attempt,
      };
    }
    case 'PaymentReversed': {
      const { proof, processorRef } = event.data;
      const gone = proof === 'by-hand' ? 'an operator saw that it does not have it' : 'taken back';
      const detail = proof === 'absent' ? 'a look-up proved that the processor does not have it' : (processorRef ?? gone);
      return { area: 'cancellation', title: 'Nothing is left at the processor', detail };
    }
    case 'CompensationFailed':
      return { area: 'cancellation', title: 'Taking back failed', detail: `${event.data.step}: ${event.data.reason}` };
    case 'CompensationRetried':
      return { area: 'operator', title: 'Taking back tried again', detail: because(event.data.by, event.data.reason) };
    case 'ResolvedByHand': {
      const { processor, processorRef = '', by, reason } = event.data;
      const seen = `at the processor: ${`${processor} ${processorRef}`.trim()}`;
      return { area: 'operator', title: 'Resolved by hand', detail: `${seen}, ${because(by, reason)}` };
    }
    case 'PaymentExpired':
      return { area: 'outcome', title: 'Payment expired', detail: `at ${event.data.expiresAt}` };
    case 'PaymentCancelled':
      return { area: 'outcome', title: 'Payment cancelled', detail: event.data.reason };
    case 'PaymentRefunded':
      return { area: 'outcome', title: 'Payment refunded', detail: event.data.reason ?? event.data.processorRef };
    default:
      return describeAuthorization(event);
  }
};

const describeAuthorization = (event: KnownPaymentEvent): Description => {
  switch (event.type) {
    case 'AuthorizationRequested':
      return { area: 'processor', title: 'To be sent to the processor', detail: event.data.connector };
    case 'AuthorizationAttemptStarted':
      return { area: 'processor', title: 'Processor called', attempt: event.data.attempt };
    case 'AuthorizationAttemptFailed': {
      const { attempt, certainty, reason, status, nextAt } = event.data;
      const doubt = certainty === 'unknown' ? '; it may have been done' : '';
      const detail = `${withStatus(reason, status)}${doubt}; again at ${nextAt}`;
      return { area: 'processor', title: 'Processor did not take it', detail, attempt };
    }
    case 'AuthorizationPending': {
      const { attempt, processorRef, nextAt } = event.data;
      const known = processorRef === undefined ? '' : `${processorRef}; `;
      return { area: 'processor', title: 'Processor decides later', detail: `${known}asked again at ${nextAt}`, attempt };
    }
    case 'AuthorizationFailed': {
      const { reason, status, inDoubt, deadLetterId, attempts } = event.data;
      const doubt = inDoubt ? '; it may have been done' : '';
      const detail = `${withStatus(reason, status)}${doubt}; dead letter ${deadLetterId}`;
      return { area: 'processor', title: 'Processor attempts exhausted', detail, attempt: Math.max(1, attempts) };
    }
    case 'AuthorizationRetried':
      return { area: 'operator', title: 'Sent on its way again', detail: because(event.data.by, event.data.reason) };
    case 'PaymentApproved': {
      const { processorRef, attempt, answeredBy, tooLate } = event.data;
      const detail = `${processorRef}${heard(answeredBy)}`;
      return tooLate
        ? { area: 'processor', title: 'Processor approved too late', detail: `${detail}; it is taken back`, attempt }
        : { area: 'outcome', title: 'Payment approved', detail, attempt };
    }
    case 'PaymentDeclined': {
      const { reason, status, attempt, answeredBy, tooLate } = event.data;
      const detail = `${withStatus(reason, status)}${heard(answeredBy)}`;
      return tooLate
        ? { area: 'processor', title: 'Processor declined, too late', detail, attempt }
        : { area: 'outcome', title: 'Payment declined', detail, attempt };
    }
    case 'AuthorizationOverdueFlagged':
      return { area: 'processor', title: 'Processor is overdue', detail: `asked at ${event.data.requestedAt}` };
    case 'AuthorizationDeadlineExceeded':
      return { area: 'processor', title: 'Payment was not authorised in time', detail: `by ${event.data.expiresAt}` };
    default:
      return describeEngineEvent(event);
  }
};

const heard = (answeredBy: AnsweredBy): string => (answeredBy === 'call' ? '' : answeredBy === 'callback' ? ', by callback' : ', by hand');

/** Payment, processor, attempts, taking back and being stuck are measured. */
export const measurePayment = (recorded: RecordedEvent, watch: Stopwatch): number | undefined => {
  const at = recorded.metadata.time;
  const event = recorded as unknown as KnownPaymentEvent;
  switch (event.type) {
    case 'PaymentReceived':
      return watch.begin('payment', at);
    case 'AuthorizationRequested':
    case 'AuthorizationAttemptStarted':
      return watch.begin('attempt', at);
    case 'AuthorizationRetried':
      watch.begin('attempt', at);
      return watch.end('stuck', at);
    case 'AuthorizationAttemptFailed':
    case 'AuthorizationPending':
    case 'ReversalAttemptFailed':
      return watch.restart('attempt', at, event.data.nextAt);
    case 'AuthorizationFailed':
      watch.begin('stuck', at);
      return watch.end('attempt', at);
    case 'PaymentApproved':
    case 'PaymentDeclined':
      return event.data.tooLate ? undefined : watch.end('payment', at, false);
    case 'CancellationRequested':
    case 'CompensationRequested':
    case 'AuthorizationDeadlineExceeded':
    case 'RefundRequested':
      return watch.begin('undoing', at);
    case 'ReversalRequested':
      return watch.begin('attempt', at);
    case 'PaymentReversed':
      return watch.end('attempt', at);
    case 'PaymentExpired':
    case 'PaymentCancelled':
    case 'PaymentRefunded':
      return watch.end('undoing', at) ?? watch.end('payment', at, false);
    default:
      return undefined;
  }
};
