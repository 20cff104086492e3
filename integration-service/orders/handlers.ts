import { cancelOrderSchema, validatePlaceOrder } from '@sagahub/contracts/api/orders.ts';
import { entryOf } from '../intake/entry.ts';
import { type Handler, type HandlerParts, intakeHandlers } from '../intake/handlers.ts';
import type { OrderIntake } from './intake.ts';
import { orderKind, orderPath } from './kind.ts';
import type { Resubmit } from './resubmission.ts';

export interface OrderHandlerParts extends HandlerParts {
  readonly intake: OrderIntake;
  readonly resubmit: Resubmit;
}

export const orderHandlers = ({ intake, resubmit, ...parts }: OrderHandlerParts) => {
  const { countingRefusals, answer, act } = intakeHandlers(orderKind, parts);

  const place: Handler = async (request) => {
    const entry = entryOf(request);
    const command = validatePlaceOrder(request.body);
    const { orderId, replayed } = await intake.placeOrder(command, entry);
    return answer(request, { objectId: orderId, replayed }, { name: { orderNumber: command.orderNumber } });
  };

  const placeAgain: Handler = async (request) => {
    const formerId = request.params['orderId'] ?? '';
    const { orderId, replayed, orderNumber } = await resubmit(formerId, request.body, entryOf(request));
    const former = { more: { resubmissionOf: formerId }, links: { resubmissionOf: orderPath(formerId) } };
    return answer(request, { objectId: orderId, replayed }, { name: { orderNumber }, ...former });
  };

  return {
    place: countingRefusals(place),
    resubmit: countingRefusals(placeAgain),
    cancel: act({ command: 'Cancel', schema: cancelOrderSchema, underway: 'compensating' }),
  };
};
