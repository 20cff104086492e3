import { paymentPage, paymentTimeline, paymentView } from '@sagahub/contracts/api/payment-views.ts';
import { PAYMENT_STATUSES, type PaymentPersonalData } from '@sagahub/contracts/messages/payment.ts';
import { paymentsProjection } from '../projections/index.ts';
import { paymentFold } from '../projections/payment.ts';
import type { PaymentDocument } from '../projections/payment-document.ts';
import type { FlowView, Personal } from './flow-view.ts';
import { describePaymentEvent, measurePayment } from './payment-texts.ts';

const PATH = '/api/v1/payments';
const selfOf = ({ paymentId }: PaymentDocument): string => `${PATH}/${paymentId}`;

/** How payments are read. */
export const paymentFlowView: FlowView<PaymentDocument> = {
  projection: paymentsProjection,
  fold: paymentFold,
  path: PATH,
  scope: 'payments:read',
  words: {
    one: 'payment',
    many: 'payments',
    aOne: 'a payment',
    number: 'payment reference',
    timeline: 'Intake, every attempt and answer of the processor, what was taken back, and what subscribers were told.',
    operation: 'Payment',
    operations: 'Payments',
    tag: 'Payments',
  },
  fields: { id: 'paymentId', number: 'paymentReference' },
  statuses: PAYMENT_STATUSES,
  inFlight: [{ inFlight: { eq: true } }],
  schemas: { one: paymentView, page: paymentPage, timeline: paymentTimeline },
  connectorOf: ({ waiting, processor }) => (waiting?.for === 'processor' || waiting?.for === 'reversal' ? processor?.connector : undefined),
  fieldsOf: ({ amount, currency, orderNumber, processor, overdue, state }) => ({
    amount,
    currency,
    ...(orderNumber !== undefined && { orderNumber }),
    ...(processor?.reference !== undefined && { processorRef: processor.reference }),
    ...(overdue && processor?.overdueSince !== undefined && { overdueSince: processor.overdueSince }),
    ...(state === 'Authorizing' && processor && { expiresAt: processor.expiresAt }),
  }),
  detailOf: (payment, personal) => ({
    ...personalFields(payment, personal),
    ...(payment.metadata && { metadata: { ...payment.metadata } }),
    ...(payment.decline && { decline: { ...payment.decline } }),
    ...(payment.cancellation && { cancellation: { ...payment.cancellation } }),
    ...(payment.refund && { refund: { ...payment.refund } }),
    attempts: {
      processor: payment.processor?.attempts ?? 0,
      reversal: payment.processor?.reversalAttempts ?? 0,
      faults: payment.faults,
    },
  }),
  linksOf: (payment) => ({
    ...((payment.state === 'Initiated' || payment.state === 'Authorizing') && { cancel: `${selfOf(payment)}/cancel` }),
    ...(payment.state === 'Approved' && { refund: `${selfOf(payment)}/refund` }),
  }),
  describe: describePaymentEvent,
  measure: measurePayment,
};

const personalFields = ({ methodType: type, payerId: id }: PaymentDocument, personal: Personal): object => {
  const known = id === undefined ? {} : { id };
  if (typeof personal === 'string') {
    const withheld = { [personal]: true };
    return { method: { type, ...withheld }, ...(id !== undefined && { payer: { id, ...withheld } }) };
  }
  const { method, payer } = personal as unknown as PaymentPersonalData;
  return { method: { ...method }, ...((id !== undefined || payer) && { payer: { ...known, ...payer } }) };
};
