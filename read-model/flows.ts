import type { FlowView } from './queries/flow-view.ts';
import { orderFlowView } from './queries/order-view.ts';
import { paymentFlowView } from './queries/payment-view.ts';

/** Every flow whose objects are read. */
export const FLOW_VIEWS: readonly [FlowView, ...FlowView[]] = [orderFlowView, paymentFlowView];
