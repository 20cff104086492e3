/** Exact sums of amounts with at most 6 fraction digits, fast: whole millionths. */
const DIGITS = 6;

export const toMicros = (amount: string): bigint => {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(DIGITS, '0'));
};

/** Without trailing zeros. */
export const fromMicros = (micros: bigint): string => {
  const digits = String(micros < 0n ? -micros : micros).padStart(DIGITS + 1, '0');
  const fraction = digits.slice(-DIGITS).replace(/0+$/, '');
  return `${micros < 0n ? '-' : ''}${digits.slice(0, -DIGITS)}${fraction && `.${fraction}`}`;
};
