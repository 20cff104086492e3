import { NotFoundError } from '@sagahub/contracts/errors.ts';
import { type OrderState, type OrderStatus, orderStream } from '@sagahub/contracts/messages/order.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { type Folded, givenUpFault, type SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';

const ORDER_ID = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** @throws NotFoundError no such order, or somebody else's: the two cannot be told apart from outside */
export const ownOrder = async (
  runtime: Pick<SagaRuntime, 'load'>,
  orderId: string,
  { partnerId }: Pick<Principal, 'partnerId'>,
): Promise<Folded> => {
  const notFound = new NotFoundError('the order');
  if (!ORDER_ID.test(orderId)) throw notFound;
  const folded = await runtime.load(orderStream(orderId));
  if (folded.revision === -1 || folded.partnerId !== partnerId) throw notFound;
  return folded;
};

const ENDINGS: Readonly<Partial<Record<string, OrderStatus>>> = {
  Completed: 'completed',
  Rejected: 'rejected',
  Cancelled: 'cancelled',
} satisfies Partial<Record<OrderState, OrderStatus>>;

/** The status an order has come to, when nothing more will happen to it by itself; `undefined` while it is on its way. */
export const settledStatus = (folded: Folded): OrderStatus | undefined => {
  const { flow, state } = folded;
  const pending = flow.pending(state);
  if (pending.length === 0) return ENDINGS[flow.stateName(state)];
  return givenUpFault(folded) || pending.every(({ queue }) => queue === OPERATOR_QUEUE) ? 'stuck' : undefined;
};
