import { difference, sumOf } from '@sagahub/contracts/money.ts';
import { FATES, type FateKind, placeOf, type RowFate } from './fate.ts';
import type { Plan, PlannedOrder } from './plan.ts';

export interface Tally {
  readonly orders: number;
  readonly rows: number;
  /** Exact sums of the orders' subtotals by currency, of those whose numbers can be read. */
  readonly money: Readonly<Record<string, string>>;
}
export interface Reason {
  readonly fate: FateKind;
  /** The code of a refusal, the reason of a skip. */
  readonly reason: string;
  readonly orders: number;
  readonly rows: number;
}

export interface ImportSummary {
  readonly rows: number;
  readonly fates: Readonly<Record<FateKind, Tally>>;
  /** Not sent: the import was interrupted. */
  readonly open: { readonly orders: number; readonly rows: number };
  readonly reasons: readonly Reason[];
  /** By the status in which accepted and replayed orders were seen last. */
  readonly statuses: Readonly<Record<string, Tally>>;
}

/** Counts rows and orders by what became of them. An order is counted where its rows are. */
export const summarize = (plan: Plan, fates: ReadonlyMap<string, RowFate>): ImportSummary => {
  const byPlace = new Map<string, PlannedOrder>(plan.orders.flatMap((order) => order.rows.map((row) => [placeOf(row), order] as const)));
  const planned = [...byPlace.keys(), ...plan.decided.map(placeOf)];
  const known = [...new Set(planned)].flatMap((place) => fates.get(place) ?? []);
  const tally = (chosen: readonly RowFate[]): Tally => {
    const orders = new Set(chosen.map((fate) => byPlace.get(placeOf(fate)) ?? fate.orderNumber));
    return { orders: orders.size, rows: chosen.length, money: moneyOf(orders) };
  };
  const grouped = (chosen: readonly RowFate[], keyOf: (fate: RowFate) => string) =>
    Object.entries(Object.groupBy(chosen, keyOf)).map(([key, members]) => [key, (members ?? []) as readonly RowFate[]] as const);
  const taken = known.filter(({ fate }) => fate === 'accepted' || fate === 'replayed');
  const left = known.filter(({ fate }) => fate === 'refused' || fate === 'skipped');
  const openOrders = plan.orders.filter(({ rows }) => rows.some((row) => !fates.has(placeOf(row))));
  return {
    rows: plan.rows,
    fates: Object.fromEntries(
      FATES.map((kind) => [kind, tally(known.filter(({ fate }) => fate === kind))]),
    ) as unknown as ImportSummary['fates'],
    open: { orders: openOrders.length, rows: plan.rows - known.length },
    reasons: grouped(left, ({ fate, code, detail }) => `${fate}\n${code || detail}`)
      .map(([key, members]) => {
        const [fate, reason = ''] = key.split('\n');
        const { orders, rows } = tally(members);
        return { fate: fate as FateKind, reason, orders, rows };
      })
      .toSorted((one, other) => other.rows - one.rows),
    statuses: Object.fromEntries(grouped(taken, ({ status }) => status).map(([status, members]) => [status, tally(members)])),
  };
};

const moneyOf = (orders: Iterable<PlannedOrder | string>): Readonly<Record<string, string>> => {
  const amounts = new Map<string, string[]>();
  for (const order of orders) {
    if (typeof order === 'string' || order.draft?.subtotal === undefined) continue;
    const { currency, subtotal } = order.draft;
    const sameCurrency = amounts.get(currency);
    if (sameCurrency) sameCurrency.push(subtotal);
    else amounts.set(currency, [subtotal]);
  }
  return Object.fromEntries([...amounts].map(([currency, subtotals]) => [currency, difference(sumOf(subtotals), '0', currency)]));
};
