import { z } from 'zod';
import { ORDER_STATUSES } from '../messages/order.ts';
import { parseOrFault } from './faults.ts';
import * as format from './formats.ts';
import { metadata } from './metadata.ts';

/**
 * The order command: the one source of validation, types and OpenAPI, for every way in. Unknown fields are refused wherever they are,
 * so that a misspelt optional field is not silently lost.
 */
export const MAX_LINES = 1_000;

const orderLineSchema = z.strictObject({
  lineNumber: z
    .int()
    .min(1)
    .max(999_999)
    .exactOptional()
    .meta({ description: 'Unique within the order. Default: the place in the list, from 1.' }),
  sku: format.sku(),
  description: format.text(500).exactOptional(),
  quantity: format.positiveQuantity().meta({ description: 'More than 0: a decimal string, or a JSON integer.' }),
  unit: format.text(16).exactOptional().meta({ description: 'Unit of the quantity, e.g. EA, KGM.' }),
  unitPrice: format.decimalString().meta({ description: 'A decimal string in the currency of the order; a JSON number is refused.' }),
});
type LineInput = z.output<typeof orderLineSchema>;

const linesSchema = z
  .array(orderLineSchema)
  .min(1, 'must have at least one line')
  .max(MAX_LINES, `must have at most ${MAX_LINES} lines; split the order`)
  .superRefine(
    (lines, context) => {
      const places = new Map<number, number>();
      for (const [place, line] of lines.entries()) {
        const number = lineNumberOf(line, place);
        const earlier = places.get(number);
        if (earlier === undefined) places.set(number, place);
        else
          context.addIssue({
            code: 'custom',
            path: [place, 'lineNumber'],
            message: `line number ${number} is already that of #/lines/${earlier}`,
            params: { code: 'duplicate-line-number' },
          });
      }
    },
    // Also beside other faults: a partner should see all of them at once.
    { when: ({ value }) => Array.isArray(value) && value.length <= MAX_LINES },
  )
  .transform((lines) => lines.map((line, place) => ({ ...line, lineNumber: lineNumberOf(line, place) })));

const lineNumberOf = (line: Partial<LineInput> | undefined, place: number): number => line?.lineNumber ?? place + 1;

export const placeOrderSchema = z.strictObject({
  orderNumber: format.identifier().meta({ description: "The partner's own number of the order, spent for good once it is accepted." }),
  orderedAt: format.dateTime().exactOptional(),
  currency: format.currency(),
  buyer: z.strictObject({
    id: format.identifier().meta({ description: 'Your own customer number, kept in clear: no name, no e-mail address.' }),
    name: format.text(200),
    email: format.email().exactOptional(),
    taxId: format.text(32).exactOptional(),
  }),
  shipTo: z.strictObject({
    name: format.text(200).exactOptional(),
    street: format.text(200).exactOptional(),
    city: format.text(100).exactOptional(),
    postalCode: format.text(20).exactOptional(),
    country: format.country(),
  }),
  lines: linesSchema,
  discountCode: format.discountCode().exactOptional(),
  requestedDeliveryDate: format.date().exactOptional(),
  note: format.lines(2_000).exactOptional(),
  metadata: metadata().exactOptional(),
});

/** An order as it was accepted: validated, line numbers given, quantities as strings. */
export type PlaceOrder = z.output<typeof placeOrderSchema>;

/** @throws ValidationError with every fault, its JSON pointer, a stable code and how to mend it */
export const validatePlaceOrder = (body: unknown): PlaceOrder => parseOrFault(placeOrderSchema, body);

/** Optional body of a cancellation. */
export const cancelOrderSchema = z.strictObject({
  reason: format.text(500).exactOptional().meta({ description: 'Kept in clear: no personal data.' }),
});
export type CancelOrder = z.output<typeof cancelOrderSchema>;

const orderLinksSchema = z.object({
  self: z.string(),
  timeline: z.string(),
  cancel: z.string().exactOptional().meta({ description: 'Absent once nothing is left to cancel.' }),
});

/** What a partner gets for an order: at once with `received`, or, having preferred to wait, with the status the order came to. */
export const orderAcceptedSchema = z.object({
  orderId: z.uuid(),
  orderNumber: z.string(),
  status: z.enum(ORDER_STATUSES),
  links: orderLinksSchema,
});
export type OrderAccepted = z.output<typeof orderAcceptedSchema>;

export const orderResubmittedSchema = orderAcceptedSchema.extend({
  resubmissionOf: z.uuid().meta({ description: 'The ended order this one replaces.' }),
  links: orderLinksSchema.extend({ resubmissionOf: z.string() }),
});

export const cancellationAcceptedSchema = z.object({
  orderId: z.uuid(),
  status: z.enum(ORDER_STATUSES).meta({ description: '`cancelled` when nothing had to be undone, otherwise `compensating`.' }),
  links: orderLinksSchema.omit({ cancel: true }),
});
