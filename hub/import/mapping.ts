import { readFileSync } from 'node:fs';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { ConfigurationError, ValidationError } from '@sagahub/contracts/errors.ts';
import { IANAZone } from 'luxon';
import { z } from 'zod';

/**
 * A mapping file says how the rows of a partner's files become orders (`docs/import.md`). A value is a template such as
 * `"Customer {CustomerID|number}"`; of a list, the first that is not empty is taken.
 */
const value = z.union([z.string(), z.array(z.string()).min(1)]);
const fields = z.record(z.string(), value);

/** All that are given must hold. Numbers are compared as numbers; what is none is neither below nor above anything. */
const condition = z.strictObject({
  column: z.string(),
  matches: z.string().optional(),
  equals: z.union([z.string(), z.number()]).optional(),
  below: z.number().optional(),
  above: z.number().optional(),
  empty: z.boolean().optional(),
});

const skipRule = z.strictObject({
  /** `each` row that fits is left out of its order; the order as a whole is skipped when `every` row of it fits, or `any`. */
  rows: z.enum(['each', 'every', 'any']),
  when: z.array(condition).min(1),
  reason: z.string().min(1),
});

const mappingSchema = z.strictObject({
  csv: z.strictObject({ delimiter: z.string().length(1).default(','), encoding: z.enum(['utf8', 'latin1']).default('utf8') }).prefault({}),
  /** Rows with the same value in this column are the lines of one order; without it, every row is an order of its own. */
  group: z.string().optional(),
  /** Columns in which all rows of an order must agree. */
  agree: z.array(z.string()).default([]),
  /** Of times without a zone. */
  timeZone: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), 'must be a time zone such as Europe/London')
    .default('UTC'),
  number: z.strictObject({ decimal: z.enum(['.', ',']).default('.'), grouping: z.enum(['', ',', '.', ' ', "'"]).default('') }).prefault({}),
  /** Country names that are not the English ones of ISO 3166, and their codes. */
  countries: z.record(z.string(), z.string().length(2)).default({}),
  skip: z.array(skipRule).default([]),
  order: z.strictObject({
    orderNumber: value,
    orderedAt: value.optional(),
    currency: value,
    buyer: fields,
    shipTo: fields,
    discountCode: value.optional(),
    requestedDeliveryDate: value.optional(),
    note: value.optional(),
    metadata: fields.optional(),
  }),
  line: fields,
});
export type Mapping = z.output<typeof mappingSchema>;
export type Condition = z.output<typeof condition>;
export type Value = z.output<typeof value>;

/** @throws ConfigurationError naming every fault of the file */
export const parseMapping = (text: string, name: string): Mapping => {
  try {
    return parseOrFault(mappingSchema, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ConfigurationError([`${name} is no JSON: ${error.message}`]);
    if (!(error instanceof ValidationError)) throw error;
    throw new ConfigurationError(error.extensions.errors.map(({ pointer, detail }) => `${name} ${pointer ?? ''}: ${detail}`));
  }
};

export const readMapping = (path: string): Mapping => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError([`the mapping ${path} cannot be read: ${(error as Error).message}`]);
  }
  return parseMapping(text, path);
};
