import { type Percentiles, shown } from './percentiles.ts';

/** One line of the result. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  /** What the project wants it to be, in the same unit; absent where there is only something to see. */
  readonly aim?: string;
  readonly met?: boolean;
  /** The same as numbers, for `--json`. */
  readonly data: unknown;
}

export const figure = (name: string, value: string, data: unknown): Figure => ({ name, value, data });

/** Without an aim there is only something to see; the same below. */
export const aimedAbove = (name: string, value: number, aim: number | undefined, unit: string, digits = 0): Figure => ({
  name,
  value: withUnit(value, unit, digits),
  ...(aim !== undefined && { aim: `≥ ${withUnit(aim, unit, digits)}`, met: value >= aim }),
  data: value,
});

export const aimedBelow = (name: string, value: number, aim: number | undefined, unit: string, digits = 0): Figure => ({
  name,
  value: withUnit(value, unit, digits),
  ...(aim !== undefined && { aim: `≤ ${withUnit(aim, unit, digits)}`, met: value <= aim }),
  data: value,
});

/** p50, p95 and p99 in one line; the aim is that of p99. */
export const aimedP99 = (name: string, percentiles: Percentiles, aimMs: number | undefined): Figure => ({
  name,
  value: `${shown(percentiles)} ms`,
  ...(aimMs !== undefined && { aim: `p99 ≤ ${aimMs.toLocaleString('en')} ms`, met: percentiles.p99 <= aimMs }),
  data: percentiles,
});

const withUnit = (value: number, unit: string, digits: number): string =>
  `${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}${unit && ` ${unit}`}`;

/** A Markdown table whose columns line up in a terminal too. */
export const tableOf = (figures: readonly Figure[]): string => {
  const rows = [
    ['', 'measured', 'aim', ''],
    ...figures.map(({ name, value, aim = '', met }) => [name, value, aim, met === undefined ? '' : met ? 'met' : 'missed']),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!, fill)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), line(['', '', '', ''], '-'), ...body.map((row) => line(row))].join('\n');
};
