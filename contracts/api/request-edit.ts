import { z } from 'zod';
import * as format from './formats.ts';
import { placeOrderSchema } from './orders.ts';
import { operatorReason } from './reason.ts';

/** Changes in one edit. */
const MAX_CHANGES = 200;

/** A request to the ERP as it may be edited: nobody's identity, no currency, no total. Personal members as partners send them. */
export const editableRequest = z.strictObject({
  customerId: format.identifier(),
  items: z.array(
    z.strictObject({
      lineNumber: z.int(),
      sku: format.sku(),
      quantity: format.decimalString(),
      unitPrice: format.decimalString(),
    }),
  ),
  buyer: placeOrderSchema.shape.buyer.omit({ id: true }).exactOptional(),
  shipTo: placeOrderSchema.shape.shipTo.exactOptional(),
  note: placeOrderSchema.shape.note,
});
export type EditableRequest = z.output<typeof editableRequest>;

/** JSON pointers that an edit may name. */
export const EDITABLE =
  /^\/(?:customerId|items\/(?:0|[1-9]\d{0,3})\/(?:sku|quantity|unitPrice)|buyer\/(?:name|email|taxId)|shipTo\/(?:name|street|city|postalCode|country)|note)$/;
export const PERSONAL = /^\/(?:buyer|shipTo|note)\b/;

export const requestEditBody = z
  .strictObject({
    changes: z
      .array(
        z.strictObject({
          pointer: z
            .string()
            .regex(
              EDITABLE,
              'must be /customerId, /items/<n>/sku, /items/<n>/quantity, /items/<n>/unitPrice, or a member of /buyer, /shipTo, or /note',
            )
            .describe('JSON pointer into what is sent; items are counted from 0'),
          value: z.string().max(2_000),
        }),
      )
      .min(1)
      .max(MAX_CHANGES),
    reason: operatorReason,
  })
  .meta({ id: 'RequestEdit' });
