import { refuseCardNumbers } from '@sagahub/contracts/api/card-numbers.ts';
import { cancelPaymentSchema, type PlacePayment, refundPaymentSchema, validatePlacePayment } from '@sagahub/contracts/api/payments.ts';
import { entryOf } from '../intake/entry.ts';
import { type Handler, type HandlerParts, intakeHandlers } from '../intake/handlers.ts';
import type { Intake } from '../intake/intake.ts';
import type { Submission } from '../intake/kind.ts';
import { paymentKind } from './kind.ts';

export interface PaymentHandlerParts extends HandlerParts {
  readonly intake: Intake<Submission<PlacePayment>>;
}

export const paymentHandlers = ({ intake, ...parts }: PaymentHandlerParts) => {
  const { countingRefusals, answer, act } = intakeHandlers(paymentKind, parts);

  const place: Handler = async (request) => {
    const entry = entryOf(request);
    const command = validatePlacePayment(request.body);
    const accepted = await intake.accept({ command }, entry);
    return answer(request, accepted, { name: { paymentReference: command.paymentReference } });
  };

  const withoutCardNumbers =
    (handle: Handler): Handler =>
    async (request) => {
      refuseCardNumbers(request.body);
      return handle(request);
    };

  return {
    place: countingRefusals(place),
    cancel: withoutCardNumbers(act({ command: 'Cancel', schema: cancelPaymentSchema, underway: 'cancelling' })),
    refund: withoutCardNumbers(act({ command: 'Refund', schema: refundPaymentSchema, underway: 'refunding' })),
  };
};
