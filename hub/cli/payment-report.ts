import type { PaymentSummary, PaymentTimeline, PaymentView } from '@sagahub/contracts/api/payment-views.ts';
import { deadLettersText, timelineTable, waitingText, waitsFor, withheld } from './object-report.ts';
import { facts, moment, table } from './output.ts';

export const paymentTable = (payments: readonly PaymentSummary[], withPartner: boolean): string =>
  table(
    ['payment', 'reference', ...(withPartner ? ['partner'] : []), 'status', 'amount', 'received', 'processor', 'waits for'],
    payments.map((payment) => [
      payment.paymentId,
      payment.paymentReference,
      ...(withPartner ? [payment.partnerId] : []),
      payment.status,
      `${payment.amount} ${payment.currency}`,
      moment(payment.receivedAt),
      payment.processorRef,
      waitsFor(payment),
    ]),
  );

/** One payment and its timeline. @param at the moment it is shown as of */
export const paymentReport = (payment: PaymentView, timeline: PaymentTimeline, at?: string): string => {
  const { method, payer } = payment;
  return [
    facts({
      payment: payment.paymentId,
      reference: payment.paymentReference,
      partner: payment.partnerId,
      status: payment.status,
      'waits for': payment.waiting && waitingText(payment.waiting),
      amount: `${payment.amount} ${payment.currency}`,
      order: payment.orderNumber,
      method: `${method.type} ${withheld(method)}`.trim(),
      payer: payer && [payer.id, payer.name ?? withheld(payer)].filter(Boolean).join(' '),
      processor: payment.processorRef,
      'declined because': payment.decline?.reason,
      expires: moment(payment.expiresAt),
      received: moment(payment.receivedAt),
      ended: moment(payment.endedAt),
      'dead letters': deadLettersText(payment),
    }),
    timelineTable(timeline.entries, at),
  ].join('\n\n');
};
