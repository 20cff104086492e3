import type { PlaceOrder } from '@sagahub/contracts/api/orders.ts';
import type { OrderPersonalData, OrderReceived } from '@sagahub/contracts/messages/order.ts';
import { subtotalOf } from '@sagahub/contracts/money.ts';

/** What the hub adds to a command. */
export type Receipt = Pick<
  OrderReceived['data'],
  'orderId' | 'partnerId' | 'clientId' | 'channel' | 'fingerprint' | 'requestKey' | 'submission' | 'resubmissionOf'
>;

/** The part of an order that may stand in clear. */
export const receivedData = (command: PlaceOrder, receipt: Receipt): OrderReceived['data'] => {
  const { buyer, shipTo: _shipTo, note: _note, ...order } = command;
  return { ...receipt, ...order, buyerId: buyer.id, subtotal: subtotalOf(command.lines, command.currency) };
};

/** The part that is sealed: who the buyer is and where the goods go. */
export const personalData = ({ buyer: { id: _id, ...buyer }, shipTo, note }: PlaceOrder): OrderPersonalData => ({
  buyer,
  shipTo,
  ...(note !== undefined && { note }),
});
