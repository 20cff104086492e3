import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import { type Caller, cancelCall, submitCall } from '../effect/calls.ts';
import type { OrderFacts, OrderState, Submitting } from './state.ts';
import { ERP_CANCEL, ERP_SUBMIT } from './steps.ts';

/** The call that a step asks for. Undefined as soon as the order no longer wants it. */
export const externalCall = (state: OrderState, step: string): ExternalCall | undefined => {
  if (step === ERP_SUBMIT && state.status === 'submitting')
    return submitCall(callerOf(state.order, step), state.order.erp, state.firstOfRound, orderRequest(state.order));
  if (step === ERP_CANCEL && state.status === 'compensating' && state.order.erp && state.cancellation)
    return cancelCall(callerOf(state.order, step), state.order.erp, state.cancellation);
  return undefined;
};

/** The body of design 7's ERP contract, but for buyer and ship-to: those are sealed. */
const orderRequest = ({ received, amounts, edited }: Submitting['order']): JsonObject => ({
  externalOrderId: received.orderId,
  orderNumber: received.orderNumber,
  partnerId: received.partnerId,
  currency: received.currency,
  customerId: edited?.customerId ?? received.buyerId,
  items: (edited?.items ?? received.lines).map(({ lineNumber, sku, quantity, unitPrice }) => ({ lineNumber, sku, quantity, unitPrice })),
  ...amounts,
});

const callerOf = ({ received, personal }: OrderFacts, step: string): Caller => ({
  step,
  objectId: received.orderId,
  partnerId: received.partnerId,
  personal,
});
