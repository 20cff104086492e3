import * as format from '@sagahub/contracts/api/formats.ts';
import { wrongType } from '@sagahub/contracts/api/faults.ts';
import { z } from 'zod';

/** Items of one load. Five megabytes of JSON or so. */
export const MAX_ITEMS = 100_000;
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_AVAILABLE = 999_999_999_999;

/** Nothing or more: a decimal string, or a JSON integer, which becomes its string. */
const available = () =>
  z
    .union(
      [
        format.decimalString(),
        z
          .int()
          .min(0, 'must not be negative')
          .max(MAX_AVAILABLE)
          .transform((value) => String(value)),
      ],
      {
        error: ({ input }) => {
          if (input === undefined) return undefined;
          return typeof input === 'number'
            ? `must be a string unless it is a whole number: send "${input}"`
            : wrongType(input, 'a decimal string or a whole number');
        },
      },
    )
    .meta({ description: 'Free to sell from now on, beyond what orders hold: a decimal string, or a JSON integer.' });

const PERCENT = /^(?=.*[1-9])(?:100(?:\.0{1,4})?|[1-9]?\d(?:\.\d{1,4})?)$/;
const percent = () =>
  z
    .stringFormat('percentage', PERCENT, {
      error: ({ code }) =>
        code === 'invalid_format' ? 'must be a decimal string above 0 and at most 100, with at most 4 fraction digits' : undefined,
    })
    .meta({ description: 'Off the subtotal; e.g. "12.5".' });

/** Every item once: which of two levels of one SKU should hold? */
const distinct =
  <Item>(keyOf: (item: Item) => unknown, member: string) =>
  ({ value, issues }: { readonly value: readonly Item[]; readonly issues: z.core.$ZodRawIssue[] }): void => {
    const places = new Map<unknown, number>();
    for (const [place, item] of value.entries()) {
      const key = keyOf(item);
      const earlier = places.get(key);
      if (earlier === undefined) places.set(key, place);
      else
        issues.push({
          code: 'custom',
          input: key,
          path: [place, member],
          message: `is the same as #/items/${earlier}/${member}; name it once`,
          params: { code: 'duplicate' },
        });
    }
  };

const level = { available: available() };
const levelItem = z.strictObject({ sku: format.sku(), ...level });
export const stockLevelSchema = z.strictObject(level).meta({ id: 'StockLevel' });
export const stockLoadSchema = z
  .strictObject({
    items: z
      .array(levelItem)
      .min(1)
      .max(MAX_ITEMS)
      .check(distinct(({ sku }) => sku, 'sku')),
  })
  .meta({ id: 'StockLoad' });
export type LevelItem = z.output<typeof levelItem>;

const terms = {
  percent: percent(),
  validFrom: format
    .dateTime()
    .exactOptional()
    .meta({ description: 'From this moment on, inclusive. Judged by when an order was received.' }),
  validTo: format.dateTime().exactOptional().meta({ description: 'Until this moment, exclusive.' }),
  maxRedemptions: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .exactOptional()
    .meta({ description: 'Orders that may use it; without it, any number.' }),
};
const validityInOrder = ({ validFrom, validTo }: { readonly validFrom?: string; readonly validTo?: string }): boolean =>
  validFrom === undefined || validTo === undefined || Date.parse(validFrom) < Date.parse(validTo);
const VALIDITY = { path: ['validTo'], error: 'must be later than validFrom', params: { code: 'not-after-start' } };
const definitionItem = z.strictObject({ code: format.discountCode(), ...terms }).refine(validityInOrder, VALIDITY);
export const discountTermsSchema = z.strictObject(terms).refine(validityInOrder, VALIDITY).meta({ id: 'DiscountTerms' });
export const discountLoadSchema = z
  .strictObject({
    items: z
      .array(definitionItem)
      .min(1)
      .max(MAX_ITEMS)
      .check(distinct(({ code }) => code, 'code')),
  })
  .meta({ id: 'DiscountLoad' });
export type DefinitionItem = z.output<typeof definitionItem>;

export const skuSchema = format.sku();
export const discountCodeSchema = format.discountCode();

const revision = z.int().describe('of the last load; also the ETag');
export const stockBalanceSchema = z
  .object({
    sku: z.string(),
    free: z.string().describe('free to sell'),
    held: z.string().describe('held by orders in flight and completed'),
    revision,
  })
  .meta({ id: 'StockBalance' });
export const stockLoadedSchema = z
  .object({ sku: z.string(), available: z.string(), change: z.string().describe('of free and held together, signed'), revision })
  .meta({ id: 'StockLoaded' });
export const discountSchema = z
  .object({ code: z.string(), ...terms, redeemed: z.int().describe('by orders in flight and completed; 0 without a limit'), revision })
  .meta({ id: 'Discount' });
export const discountLoadedSchema = z.object({ code: z.string(), revision }).meta({ id: 'DiscountLoaded' });

export const itemsOf = (item: z.ZodType) => z.object({ items: z.array(item) });
export const pageOf = (item: z.ZodType) =>
  z.object({ items: z.array(item), next: z.string().optional().describe('cursor of the next page; absent on the last one') });
