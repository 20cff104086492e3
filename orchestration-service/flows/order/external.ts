import type { SealedData } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import type { Compensating, OrderState, Submitting } from './state.ts';
import { ERP_CANCEL, ERP_SUBMIT } from './steps.ts';

/** The call that a step asks for. Undefined as soon as the order no longer wants it. */
export const externalCall = (state: OrderState, step: string): ExternalCall | undefined => {
  if (step === ERP_SUBMIT && state.status === 'submitting') return submitCall(state);
  if (step === ERP_CANCEL && state.status === 'compensating') return cancelCall(state);
  return undefined;
};

const submitCall = ({ order, firstOfRound }: Submitting): ExternalCall => {
  const { received, personal, erp } = order;
  return {
    step: ERP_SUBMIT,
    connector: erp.connector,
    operation: 'submit',
    attempt: erp.attempt,
    attemptInRound: erp.attempt - firstOfRound + 1,
    objectId: received.orderId,
    partnerId: received.partnerId,
    ...(erp.doubt && { inDoubt: erp.doubt }),
    request: orderRequest(order),
    ...withPrivate(personal),
  };
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

const cancelCall = ({ order, cancellation }: Compensating): ExternalCall | undefined => {
  const { received, personal, erp } = order;
  if (!erp || !cancellation) return undefined;
  const { erpRef, requestedAtMs, firstOfRound } = cancellation;
  return {
    step: ERP_CANCEL,
    connector: erp.connector,
    operation: 'cancel',
    attempt: erp.cancelAttempt,
    attemptInRound: erp.cancelAttempt - firstOfRound + 1,
    objectId: received.orderId,
    partnerId: received.partnerId,
    ...(erpRef !== undefined && { reference: erpRef }),
    ...(erp.doubt && { inDoubt: erp.doubt }),
    // A submission may have been in flight until the timeout after this moment: "none found" is proof only behind that and the settling.
    request: { requestedAtMs },
    ...withPrivate(personal),
  };
};

const withPrivate = (personal: SealedData | undefined) => personal && { private: personal };
