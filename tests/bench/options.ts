import { parseArgs } from 'node:util';
import type { EventStoreKind } from '../support/engines.ts';
import type { ProfileName } from './profile.ts';

export const SECTIONS = ['accept', 'idle', 'throughput', 'latency', 'payments', 'memory', 'rebuild', 'webhooks', 'overload'] as const;
export type Section = (typeof SECTIONS)[number];
/** What is not measured unless it is named. */
const LONG: readonly Section[] = ['overload'];

const PROFILES: readonly ProfileName[] = ['embedded', 'networked'];
const EVENT_STORES: readonly EventStoreKind[] = ['postgres', 'kurrentdb'];

export interface BenchOptions {
  readonly profile: ProfileName;
  /** Of the networked profile. */
  readonly eventStore: EventStoreKind;
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

  --profile P     embedded (default) | networked: five processes on private, durable engines, which must be installed
  --event-store S postgres (default) | kurrentdb (a double); networked only
  --orders N      orders measured by each closed loop (default 20000); half as many warm up
  --only SECTION  ${SECTIONS.join(' | ')}; may be repeated. Default: all but ${LONG.join(', ')}
  --stored N      go on until N orders are stored, and show what an order costs then (1000000 takes about a quarter of an hour)
  --minutes M     of overload; else afterwards offer 500 orders/s (networked: 150) for M minutes and watch memory and lag
  --json FILE     write what was measured as JSON`;

const DEFAULT_ORDERS = 20_000;

/** @throws Error saying which option is wrong */
export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profile: { type: 'string', default: 'embedded' },
      'event-store': { type: 'string', default: 'postgres' },
      orders: { type: 'string' },
      only: { type: 'string', multiple: true },
      stored: { type: 'string' },
      minutes: { type: 'string', default: '0' },
      json: { type: 'string' },
    },
  });
  const profile = oneOf('--profile', PROFILES, values.profile);
  return {
    profile,
    eventStore: oneOf('--event-store', EVENT_STORES, values['event-store']),
    orders: values.orders === undefined ? DEFAULT_ORDERS : positive('--orders', values.orders),
    sections: new Set(values.only?.map((name) => oneOf('--only', SECTIONS, name)) ?? SECTIONS.filter((name) => !LONG.includes(name))),
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

const oneOf = <Name extends string>(option: string, names: readonly Name[], text: string): Name => {
  const known = names.find((name) => name === text);
  if (known) return known;
  throw new Error(`${option} takes ${names.join(', ')}, not ${text}`);
};
