import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { PAYMENT_DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import {
  PAYMENT,
  PAYMENT_STATES,
  PAYMENT_STATUSES,
  type PaymentReceived,
  type PaymentState,
  type PaymentStatus,
} from '@sagahub/contracts/messages/payment.ts';
import { lettersInto } from './dead-letters.ts';
import type { KnownPaymentEvent } from './payment-change.ts';
import { paymentChangesBy } from './payment-changes.ts';
import { withPaymentLetters } from './payment-dead-letters.ts';
import { type PaymentDocument, PAYMENTS } from './payment-document.ts';
import { type Fold, named, type Whole } from './projection.ts';

/** What a partner sees of a state, unless the payment is stuck. */
const STATUS_OF: Readonly<Record<PaymentState, PaymentStatus>> = {
  Initiated: 'pending',
  Authorizing: 'authorizing',
  Approved: 'approved',
  Declined: 'declined',
  Expired: 'expired',
  Cancelling: 'cancelling',
  Cancelled: 'cancelled',
  Refunding: 'refunding',
  Refunded: 'refunded',
};
const STATE_COUNTER = named('state', PAYMENT_STATES);
const STATUS_COUNTER = named('status', PAYMENT_STATUSES);

/** One document per payment. An event type it does not know moves revision and time alone. */
export const paymentFold: Fold<PaymentDocument> = {
  category: PAYMENT,
  collection: PAYMENTS,
  apply: (before, event) => {
    const known = event as unknown as KnownPaymentEvent;
    if (known.type === 'PaymentReceived') return received(known, event);
    if (!before) throw new Error(`a payment begins with PaymentReceived, not with ${event.type}`);
    const payment = { ...before, ...paymentChangesBy(before, known, event.metadata.time) } as Whole<PaymentDocument>;
    payment.deadLetters = withPaymentLetters(before, payment as PaymentDocument, known, event);
    payment.updatedAt = event.metadata.time;
    payment.status = payment.deadLetters?.some(({ state }) => state === 'open') ? 'stuck' : STATUS_OF[payment.state ?? 'Initiated'];
    payment.inFlight = payment.endedAt === undefined ? true : undefined;
    payment.overdue = payment.processor?.overdueSince === undefined ? undefined : payment.inFlight;
    return payment as PaymentDocument;
  },
  derive: lettersInto(PAYMENT_DEAD_LETTERS),
  tally: (payment) => {
    const counters = ['accepted', STATUS_COUNTER[payment.status], STATE_COUNTER[payment.state]];
    if (payment.overdue) counters.push('overdue');
    for (const letter of payment.deadLetters) if (letter.state === 'open') counters.push(`dead-letter:${letter.origin}`);
    return counters;
  },
  ended: (payment) => payment.endedAt !== undefined,
};

const received = ({ data, private: personal }: PaymentReceived, { metadata: { time, correlationId } }: RecordedEvent): PaymentDocument => {
  const payment: Whole<PaymentDocument> = {
    paymentId: data.paymentId,
    paymentReference: data.paymentReference,
    partnerId: data.partnerId,
    clientId: data.clientId,
    channel: data.channel,
    correlationId,
    status: 'pending',
    state: 'Initiated',
    waiting: undefined,
    amount: data.amount,
    currency: data.currency,
    orderNumber: data.orderNumber,
    methodType: data.methodType,
    payerId: data.payerId,
    personal,
    metadata: data.metadata,
    receivedAt: time,
    updatedAt: time,
    endedAt: undefined,
    inFlight: true,
    processor: undefined,
    reversal: undefined,
    decline: undefined,
    cancellation: undefined,
    refund: undefined,
    faults: 0,
    deadLetters: [],
    overdue: undefined,
  };
  return payment as PaymentDocument;
};
