import { Decimal } from 'decimal.js';

/** Enough for 12 + 6 digits times 12 + 6 digits times 1,000 lines, exactly. */
const Exact = Decimal.clone({ precision: 60, rounding: Decimal.ROUND_HALF_UP, toExpNeg: -30, toExpPos: 60 });

/** At most 12 integer and 6 fraction digits, no sign, no exponent, no leading zeros but a single one. */
export const DECIMAL_PATTERN = /^(?:0|[1-9]\d{0,11})(?:\.\d{1,6})?$/;

/** ISO 4217 currencies whose minor unit is not two digits. */
const MINOR_DIGITS: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
};
export const minorDigits = (currency: string): number => MINOR_DIGITS[currency] ?? 2;

/** Sum of quantity times unit price, exact, rounded once, half up, to the currency's minor digits. */
export const subtotalOf = (lines: readonly { readonly quantity: string; readonly unitPrice: string }[], currency: string): string =>
  lines.reduce((sum, line) => sum.plus(new Exact(line.quantity).times(line.unitPrice)), new Exact(0)).toFixed(minorDigits(currency));

/** Amount times percent, half up, to the currency's minor digits. */
export const percentOf = (amount: string, percent: string, currency: string): string =>
  new Exact(amount).times(percent).div(100).toFixed(minorDigits(currency));

/** minuend - subtrahend, to the currency's minor digits. */
export const difference = (minuend: string, subtrahend: string, currency: string): string =>
  new Exact(minuend).minus(subtrahend).toFixed(minorDigits(currency));

/** The same amount, with the currency's minor digits. */
export const withMinorDigits = (amount: string, currency: string): string => new Exact(amount).toFixed(minorDigits(currency));

/** Zero with the currency's minor digits. */
export const zero = (currency: string): string => new Exact(0).toFixed(minorDigits(currency));

/** Exact sum of decimal strings, without trailing zeros. */
export const sumOf = (amounts: Iterable<string>): string => {
  let sum = new Exact(0);
  for (const amount of amounts) sum = sum.plus(amount);
  return sum.toString();
};
