import { parseArgs } from 'node:util';

export const SECTIONS = ['accept', 'throughput', 'latency', 'memory', 'rebuild'] as const;
export type Section = (typeof SECTIONS)[number];

export interface BenchOptions {
  /** Orders measured by each closed loop; the warm-up is half as many. */
  readonly orders: number;
  readonly sections: ReadonlySet<Section>;
  /** Go on until so many orders are stored, and say what one costs then. */
  readonly stored: number | undefined;
  /** Length of the soak; 0: none. */
  readonly minutes: number;
  /** Where to write everything that was measured. */
  readonly jsonFile: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --orders N      orders measured by each closed loop (default 20000); half as many warm up
  --only SECTION  ${SECTIONS.join(' | ')}; may be repeated
  --stored N      go on until N orders are stored, and show what an order costs then (1000000 takes about a quarter of an hour)
  --minutes M     afterwards offer 500 orders/s for M minutes and watch memory and lag
  --json FILE     write what was measured as JSON`;

/** @throws Error saying which option is wrong */
export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      orders: { type: 'string', default: '20000' },
      only: { type: 'string', multiple: true },
      stored: { type: 'string' },
      minutes: { type: 'string', default: '0' },
      json: { type: 'string' },
    },
  });
  return {
    orders: positive('--orders', values.orders),
    sections: new Set(values.only?.map(section) ?? SECTIONS),
    stored: values.stored === undefined ? undefined : positive('--stored', values.stored),
    minutes: values.minutes === '0' ? 0 : positive('--minutes', values.minutes),
    jsonFile: values.json,
  };
};

const positive = (option: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${option} takes a whole number above zero, not ${text}`);
};

const section = (text: string): Section => {
  const known = SECTIONS.find((name) => name === text);
  if (known) return known;
  throw new Error(`--only takes ${SECTIONS.join(', ')}, not ${text}`);
};
