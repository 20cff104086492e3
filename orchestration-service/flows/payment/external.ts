import type { ProcessorPaymentRequest } from '@sagahub/contracts/messages/payment.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import { type Caller, cancelCall, submitCall } from '../effect/calls.ts';
import { type PaymentFacts, type PaymentState, pendingRefOf } from './state.ts';
import { AUTHORIZE, REVERSE } from './steps.ts';

/** The call that a step asks for. Undefined as soon as the payment no longer wants it. */
export const externalCall = (state: PaymentState, step: string): ExternalCall | undefined => {
  if (step === AUTHORIZE && state.status === 'authorizing') {
    const { processor } = state.payment;
    return submitCall(callerOf(state.payment, step), processor, state.firstOfRound, requestOf(state.payment), pendingRefOf(processor));
  }
  if (step === REVERSE && state.status === 'reversing' && state.payment.processor && state.cancellation)
    return cancelCall(callerOf(state.payment, step), state.payment.processor, state.cancellation);
  return undefined;
};

const callerOf = ({ received, personal }: PaymentFacts, step: string): Caller => ({
  step,
  objectId: received.paymentId,
  partnerId: received.partnerId,
  personal,
});

/** The token and who pays are sealed, and travel beside it. */
const requestOf = ({ received }: PaymentFacts): JsonObject => {
  const { paymentReference, amount, currency, methodType, orderNumber } = received;
  const request: ProcessorPaymentRequest = {
    paymentReference,
    amount,
    currency,
    methodType,
    ...(orderNumber !== undefined && { orderNumber }),
  };
  return { ...request };
};
