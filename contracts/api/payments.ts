import { z } from 'zod';
import { PAYMENT_STATUSES } from '../messages/payment.ts';
import { minorDigits, withMinorDigits } from '../money.ts';
import { refuseCardNumbers } from './card-numbers.ts';
import { parseOrFault } from './faults.ts';
import * as format from './formats.ts';
import { metadata } from './metadata.ts';

/** How a payer pays. What names the means itself is a token of the processor's, never a number. */
export const PAYMENT_METHODS = ['card', 'wallet', 'bank'] as const;

/** The payment command: the one source of validation, types and OpenAPI. Unknown fields are refused wherever they are. */
export const placePaymentSchema = z
  .strictObject({
    paymentReference: format
      .identifier()
      .meta({ description: "The partner's own name of the payment, spent for good once it is accepted; nothing like a card number." }),
    amount: format.positiveDecimalString().meta({
      description: "More than 0: a decimal string with at most the currency's minor digits; a JSON number is refused.",
    }),
    currency: format.currency(),
    orderNumber: format.identifier().exactOptional().meta({ description: 'Your order that it pays for; the hub does not look it up.' }),
    method: z.strictObject({
      type: z.enum(PAYMENT_METHODS, { error: ({ input }) => (input === undefined ? undefined : METHOD_RULE) }),
      token: format
        .identifier(512)
        .meta({ description: 'What your payment provider gave you for the means of payment: never a card number.' }),
    }),
    payer: z
      .strictObject({
        id: format.identifier().meta({ description: 'Your own customer number, kept in clear: no name, no e-mail address.' }),
        name: format.text(200).exactOptional(),
        email: format.email().exactOptional(),
      })
      .exactOptional(),
    metadata: metadata().exactOptional(),
  })
  .superRefine(
    ({ amount, currency }, context) => {
      const digits = minorDigits(currency);
      if ((amount.split('.')[1]?.length ?? 0) <= digits) return;
      context.addIssue({
        code: 'custom',
        path: ['amount'],
        message: digits === 0 ? `must be a whole number of ${currency}` : `must have at most ${digits} fraction digits in ${currency}`,
        params: { code: 'too-many-fraction-digits' },
      });
    },
    // Also beside other faults: a partner should see all of them at once.
    { when: ({ value }) => amountAndCurrency.safeParse(value).success },
  );
const METHOD_RULE = `must be one of ${PAYMENT_METHODS.join(', ')}`;
const amountAndCurrency = z.object({ amount: format.positiveDecimalString(), currency: format.currency() });

/** A payment as it was accepted: validated, its amount with the currency's minor digits. */
export type PlacePayment = z.output<typeof placePaymentSchema>;

/**
 * @throws ValidationError with every fault, its JSON pointer, a stable code and how to mend it; of a body that holds what looks like a card
 * number, only where
 */
export const validatePlacePayment = (body: unknown): PlacePayment => {
  refuseCardNumbers(body);
  const payment = parseOrFault(placePaymentSchema, body);
  return { ...payment, amount: withMinorDigits(payment.amount, payment.currency) };
};

const reasonSchema = z.strictObject({
  reason: format.text(500).exactOptional().meta({ description: 'Kept in clear: no personal data.' }),
});
/** Optional body of a cancellation. */
export const cancelPaymentSchema = reasonSchema.meta({ id: 'CancelPayment' });
/** Optional body of a refund: the whole amount goes back. */
export const refundPaymentSchema = reasonSchema.meta({ id: 'RefundPayment' });

const paymentLinksSchema = z.object({
  self: z.string(),
  timeline: z.string(),
  cancel: z.string().exactOptional().meta({ description: 'While it can be cancelled.' }),
  refund: z.string().exactOptional().meta({ description: 'Once it is approved.' }),
});

/** What a partner gets for a payment: at once with `pending`, or, having preferred to wait, with the status the payment came to. */
export const paymentAcceptedSchema = z.object({
  paymentId: z.uuid(),
  paymentReference: z.string(),
  status: z.enum(PAYMENT_STATUSES),
  links: paymentLinksSchema,
});
export type PaymentAccepted = z.output<typeof paymentAcceptedSchema>;

/** The answer to a cancellation or a refund. */
export const paymentActAcceptedSchema = z.object({
  paymentId: z.uuid(),
  status: z.enum(PAYMENT_STATUSES),
  links: paymentLinksSchema.omit({ cancel: true, refund: true }),
});
