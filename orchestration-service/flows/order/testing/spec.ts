import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { Spec, type Timed } from '../../testing/spec.ts';
import type { OrderCommand } from '../commands.ts';
import { orderFlow } from '../flow.ts';
import type { OrderState } from '../state.ts';
import { ERP_CANCEL, ERP_SUBMIT } from '../steps.ts';
import { NOW_MS, POLICY } from './examples.ts';

export { at } from '../../testing/spec.ts';

export const flow = orderFlow(POLICY);
export const orders = new Spec<OrderState, OrderEvent, OrderCommand>(flow, {
  nowMs: NOW_MS,
  steps: { submit: ERP_SUBMIT, cancel: ERP_CANCEL },
});
export const given = orders.given.bind(orders);

export type Past = OrderEvent | Timed<OrderEvent>;
export const fold = (past: readonly Past[], from?: OrderState): OrderState => orders.fold(past, from);
