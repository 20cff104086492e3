import { z } from 'zod';
import { DECIMAL_PATTERN } from '../money.ts';
import { wrongType } from './faults.ts';
import { COUNTRIES, CURRENCIES } from './iso-codes.ts';

/**
 * The kinds of text a partner may send, each saying what is wrong with a value it refuses. Nothing is trimmed, folded or normalised:
 * what was accepted is what was sent.
 */

/** Control characters, lone surrogates, line separators, and the marks that make text read in another order than it is stored. */
const UNPRINTABLE = String.raw`\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069`;
const TEXT = new RegExp(String.raw`^(?=\s*\S)[^${UNPRINTABLE}]*$`, 'u');
const LINES = new RegExp(String.raw`^(?=\s*\S)(?:[^${UNPRINTABLE}]|[\n\r\t])*$`, 'u');
const NOT_IN_TEXT = new RegExp(`[${UNPRINTABLE}]`, 'u');
const NOT_IN_LINES = new RegExp(`(?![\\n\\r\\t])[${UNPRINTABLE}]`, 'u');

/** One line of text, not blank. Lengths are UTF-16 code units. */
export const text = (maxLength: number) => z.stringFormat('printable-text', TEXT, { error: explainText(NOT_IN_TEXT) }).max(maxLength);
/** Text that may have line breaks and tabs. */
export const lines = (maxLength: number) => z.stringFormat('printable-text', LINES, { error: explainText(NOT_IN_LINES) }).max(maxLength);

const VISIBLE = String.raw`\p{L}\p{M}\p{N}\p{P}\p{S}`;
const IDENTIFIER = new RegExp(`^[${VISIBLE}](?:[ ${VISIBLE}]*[${VISIBLE}])?$`, 'u');
const NOT_IN_IDENTIFIER = new RegExp(`[^ ${VISIBLE}]`, 'u');
const ASCII = /^[\x20-\x7e]*$/;

/**
 * A name that things are found by (order number, SKU, code): visible characters and inner spaces, in Unicode normalisation form C, so
 * that two that look the same are the same. Compared character by character, upper and lower case apart.
 */
export const identifier = (maxLength = 64) =>
  z
    .stringFormat('identifier', IDENTIFIER, { error: ofString(explainIdentifier) })
    .max(maxLength)
    .refine((value) => ASCII.test(value) || value === value.normalize('NFC'), {
      error: 'must be in Unicode normalisation form C (NFC); send the composed characters',
      params: { code: 'not-normalised' },
    });

export const sku = () => identifier();
export const discountCode = () => identifier();

/** Amounts and prices: see {@link DECIMAL_PATTERN}. A JSON number is refused, since nobody knows what it was before it was one. */
export const decimalString = () => z.stringFormat('decimal-string', DECIMAL_PATTERN, { error: (issue) => explainDecimal(issue.input) });

const POSITIVE_DECIMAL = new RegExp(`^(?=.*[1-9])${DECIMAL_PATTERN.source.slice(1)}`);
const ZERO = /^0(?:\.0{1,6})?$/;
/** More than nothing, and no JSON number. */
export const positiveDecimalString = () =>
  z.stringFormat('positive-decimal', POSITIVE_DECIMAL, {
    error: (issue) => (typeof issue.input === 'string' && ZERO.test(issue.input) ? 'must be greater than 0' : explainDecimal(issue.input)),
  });

const MAX_INTEGER = 999_999_999_999;
/** More than nothing: a decimal string, or a JSON integer, which becomes its string. */
export const positiveQuantity = () =>
  z.union(
    [
      positiveDecimalString(),
      z
        .int({ error: ({ code }) => (code === 'too_big' ? `must be at most ${MAX_INTEGER}` : undefined) })
        .min(1, 'must be greater than 0')
        .max(MAX_INTEGER)
        .transform((value) => String(value)),
    ],
    {
      error: ({ input }) => {
        if (input === undefined) return undefined;
        return typeof input === 'number' ? explainDecimal(input) : wrongType(input, 'a decimal string or a whole number');
      },
    },
  );

export const currency = () =>
  z.enum(CURRENCIES, { error: ({ input }) => explainCode(input, CURRENCIES, 'a currency of ISO 4217 in force, such as "EUR"') });
export const country = () =>
  z.enum(COUNTRIES, { error: ({ input }) => explainCode(input, COUNTRIES, 'a country of ISO 3166-1 alpha-2, such as "FR"') });

const DATE = z.regexes.date.source.slice(1, -1);
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const DATE_TIME = new RegExp(String.raw`^${DATE}T${TIME}:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]${TIME})$`);
/** RFC 3339, with upper-case T and Z; kept as sent. */
export const dateTime = () =>
  z.stringFormat('date-time', DATE_TIME, {
    error: ofString(() => 'must be an existing date and time of RFC 3339 with its offset, such as "2026-11-20T10:00:00Z"'),
  });
export const date = () =>
  z.stringFormat('date', z.regexes.date, { error: ofString(() => 'must be an existing date such as "2026-12-01"') });

const EMAIL = new RegExp(String.raw`^(?!.*[${UNPRINTABLE}])[^\s@"]{1,64}@[^\s@.]+(?:\.[^\s@.]+)*$`, 'u');
/** The shape of an address, internationalised ones included; whether it is somebody's, only a letter could tell. */
export const email = () =>
  z.stringFormat('email', EMAIL, { error: ofString(() => 'must be an address such as "name@example.com"') }).max(254);

type Explain = (issue: { readonly code?: string; readonly input?: unknown }) => string | undefined;

/** Speaks for the format alone: a wrong type and a wrong length explain themselves. */
function ofString(explain: (input: string) => string): Explain {
  return ({ code, input }) => (code === 'invalid_format' && typeof input === 'string' ? explain(input) : undefined);
}

function explainText(unwanted: RegExp): Explain {
  return ofString((input) => {
    const found = unwanted.exec(input);
    return found ? `must not contain ${nameOf(found)}` : 'must not be blank; leave the field out, or fill it';
  });
}

function explainIdentifier(input: string): string {
  if (input === '') return 'must not be empty';
  const found = NOT_IN_IDENTIFIER.exec(input);
  return found ? `must not contain ${nameOf(found)}` : 'must not start or end with a space';
}

/** `U+0007 at character 4`: by code, because it cannot be seen. */
function nameOf(found: RegExpExecArray): string {
  const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return `the character U+${code} (character ${found.index + 1})`;
}

function explainDecimal(input: unknown): string | undefined {
  if (input === undefined) return undefined;
  if (typeof input === 'number') {
    const asString = String(input);
    if (DECIMAL_PATTERN.test(asString)) return `must be a string, not a number: send "${asString}"`;
    return input < 0 ? 'must not be negative' : `must be a string, not a number: ${DECIMAL_RULE}`;
  }
  if (typeof input !== 'string') return wrongType(input, 'a decimal string such as "19.90"');
  if (input.startsWith('-')) return 'must not be negative';
  if (/^[\d.]+e[+-]?\d+$/i.test(input)) return 'must be written without an exponent';
  if (/^\d+,\d+$/.test(input)) return 'must have a point as decimal separator, not a comma';
  return `must be ${DECIMAL_RULE}`;
}
const DECIMAL_RULE = 'a decimal string such as "19.90" with at most 12 integer and 6 fraction digits, no sign and no leading zeros';

function explainCode(input: unknown, known: readonly string[], rule: string): string | undefined {
  if (typeof input !== 'string') return input === undefined ? undefined : wrongType(input, rule);
  const meant = input.trim().toUpperCase();
  return known.includes(meant) ? `must be in capitals alone: send "${meant}"` : `must be ${rule}`;
}
