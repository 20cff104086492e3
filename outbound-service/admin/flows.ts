import type { OperatorFace } from './flows/face.ts';
import { orderOperators } from './flows/order.ts';
import { paymentOperators } from './flows/payment.ts';

/** Every flow about whose objects operators act. */
export const OPERATOR_FACES: readonly OperatorFace[] = [orderOperators, paymentOperators];
