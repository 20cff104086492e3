import type { PlacePayment } from '@sagahub/contracts/api/payments.ts';
import { derivedId } from '@sagahub/contracts/ids.ts';
import {
  PAYMENT,
  type PaymentPersonalData,
  type PaymentReceived,
  type PaymentState,
  type PaymentStatus,
} from '@sagahub/contracts/messages/payment.ts';
import { subjectOf } from '@sagahub/contracts/personal-data.ts';
import type { IntakeKind, Submission } from '../intake/kind.ts';

export const paymentIdOf = (namespace: string, partnerId: string, paymentReference: string): string =>
  derivedId(namespace, PAYMENT, partnerId, paymentReference);

/** Of a payment that does not say who pays. The line break keeps it apart from every payer and buyer: no id has one. */
const subjectOfItself = (partnerId: string, paymentReference: string): string => subjectOf(partnerId, `${PAYMENT}\n${paymentReference}`);

export const paymentKind: IntakeKind<Submission<PlacePayment>, PaymentStatus> = {
  flow: PAYMENT,
  path: '/api/v1/payments',
  eventType: 'PaymentReceived' satisfies PaymentReceived['type'],
  idOf: (namespace, partnerId, { command }) => paymentIdOf(namespace, partnerId, command.paymentReference),
  clear: ({ command }, paymentId, receipt): PaymentReceived['data'] => {
    const { method, payer, ...payment } = command;
    return { paymentId, ...receipt, ...payment, ...(payer && { payerId: payer.id }), methodType: method.type };
  },
  sealed: ({ command: { method, payer } }): PaymentPersonalData => {
    const { id: _id, ...person } = payer ?? { id: '' };
    return { method, ...(payer && { payer: person }) };
  },
  subject: ({ command: { payer, paymentReference } }, partnerId) =>
    payer ? subjectOf(partnerId, payer.id) : subjectOfItself(partnerId, paymentReference),
  nameReused: {
    code: 'HUB_PAYMENT_REFERENCE_REUSED',
    detail: ({ command }) =>
      `payment reference ${command.paymentReference} was accepted before with other content; a reference is used once. Look at that payment, or send this one under a reference of its own`,
  },
  accepted: 'pending',
  endings: {
    Approved: 'approved',
    Declined: 'declined',
    Expired: 'expired',
    Cancelled: 'cancelled',
    Refunded: 'refunded',
  } satisfies Partial<Record<PaymentState, PaymentStatus>>,
  acts: (status) => (status === 'approved' ? ['refund'] : ['pending', 'authorizing', 'stuck'].includes(status) ? ['cancel'] : []),
};
