/** Amounts as whole numbers of millionths: exact at 12 + 6 digits and beyond, and faster than a decimal library. */
const FRACTION_DIGITS = 6;
const SCALE = 1_000_000n;

/** `12.5` → 12500000n. The text must be a decimal with at most 6 fraction digits. */
export const parseAmount = (text: string): bigint => {
  const point = text.indexOf('.');
  if (point === -1) return BigInt(text) * SCALE;
  return BigInt(text.slice(0, point) + text.slice(point + 1).padEnd(FRACTION_DIGITS, '0'));
};

/** 12500000n → `12.5`: no superfluous zeros, a sign only when negative. */
export const formatAmount = (millionths: bigint): string => {
  const absolute = millionths < 0n ? -millionths : millionths;
  const sign = millionths < 0n ? '-' : '';
  const fraction = absolute % SCALE;
  if (fraction === 0n) return `${sign}${absolute / SCALE}`;
  return `${sign}${absolute / SCALE}.${fraction.toString().padStart(FRACTION_DIGITS, '0').replace(/0+$/, '')}`;
};
