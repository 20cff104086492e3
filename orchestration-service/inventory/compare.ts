import { eachHold, type LogSurvey, surveyLog } from './expected-holds.ts';
import { fromMicros, toMicros } from './micros.ts';
import type { HoldsPorts } from './rebuild.ts';

/** Where table and log disagree. */
export interface HoldsDifference {
  readonly kind: 'stock' | 'discount';
  /** SKU or code. */
  readonly name: string;
  readonly field: 'free' | 'held' | 'loaded' | 'redeemed';
  /** By the log; `undefined`: the log does not know it. */
  readonly expected: string | undefined;
  /** By the table; `undefined`: the table does not know it. */
  readonly actual: string | undefined;
}

/**
 * Compares the tables of stock and discounts with the log, and changes nothing. Exact when the hub is at rest; while orders flow, those
 * between their reservation and its event show as differences that are gone a moment later. Tells, too, how many SKUs and codes the log knows.
 */
export const compareHolds = async (
  ports: HoldsPorts,
  signal?: AbortSignal,
): Promise<{ readonly names: number; readonly differences: readonly HoldsDifference[] }> => {
  const survey = await surveyLog(ports.store, signal);
  const { held, redeemed } = await sumOfHolds(ports, survey, signal);
  const differences = [...(await compareStock(ports, survey, held)), ...(await compareDiscounts(ports, survey, redeemed))];
  return { names: survey.stock.size + survey.discounts.size, differences };
};

const sumOfHolds = async ({ store }: HoldsPorts, survey: LogSurvey, signal?: AbortSignal) => {
  const held = new Map<string, bigint>();
  const redeemed = new Map<string, number>();
  for await (const holds of eachHold(store, survey)) {
    signal?.throwIfAborted();
    for (const hold of holds)
      if (hold.kind === 'discount') redeemed.set(hold.code, (redeemed.get(hold.code) ?? 0) + 1);
      else for (const { sku, quantity } of hold.items) held.set(sku, (held.get(sku) ?? 0n) + toMicros(quantity));
  }
  return { held, redeemed };
};

const compareStock = async ({ stock }: HoldsPorts, survey: LogSurvey, held: ReadonlyMap<string, bigint>): Promise<HoldsDifference[]> => {
  const differences: HoldsDifference[] = [];
  const missing = new Set(survey.stock.keys());
  const tell = (name: string, field: HoldsDifference['field'], expected: bigint | undefined, actual: string | undefined) => {
    const [log, table] = [expected === undefined ? undefined : fromMicros(expected), actual && fromMicros(toMicros(actual))];
    if (log !== table) differences.push({ kind: 'stock', name, field, expected: log, actual: table });
  };
  const balances = eachBalance(
    (afterSku) => stock.balances({ afterSku }),
    (level) => level.sku,
  );
  for await (const { sku, loaded, held: holding, free } of balances) {
    missing.delete(sku);
    const loadedMicros = survey.stock.get(sku)?.loadedMicros;
    const heldMicros = held.get(sku) ?? 0n;
    tell(sku, 'loaded', loadedMicros, loaded);
    tell(sku, 'held', loadedMicros === undefined ? undefined : heldMicros, holding);
    tell(sku, 'free', loadedMicros === undefined ? undefined : loadedMicros - heldMicros, free);
  }
  for (const sku of missing) tell(sku, 'loaded', survey.stock.get(sku)?.loadedMicros, undefined);
  return differences;
};

const compareDiscounts = async (
  { discounts }: HoldsPorts,
  survey: LogSurvey,
  redeemed: ReadonlyMap<string, number>,
): Promise<HoldsDifference[]> => {
  const differences: HoldsDifference[] = [];
  const missing = new Set(survey.discounts.keys());
  const tell = (name: string, expected: number | undefined, actual: number | undefined) => {
    if (expected !== actual)
      differences.push({ kind: 'discount', name, field: 'redeemed', expected: expected?.toString(), actual: actual?.toString() });
  };
  const counted = (code: string): number | undefined => {
    const known = survey.discounts.get(code);
    return known && (known.latest.maxRedemptions === undefined ? 0 : (redeemed.get(code) ?? 0));
  };
  for await (const balance of eachBalance(
    (afterCode) => discounts.balances({ afterCode }),
    (discount) => discount.code,
  )) {
    missing.delete(balance.code);
    tell(balance.code, counted(balance.code), balance.redeemed);
  }
  for (const code of missing) tell(code, counted(code), undefined);
  return differences;
};

/** A whole table, in the order of its keys. */
const eachBalance = async function* <Balance>(
  page: (after: string) => Promise<readonly Balance[]>,
  keyOf: (balance: Balance) => string,
): AsyncGenerator<Balance> {
  for (let after = ''; ; ) {
    const balances = await page(after);
    yield* balances;
    const last = balances.at(-1);
    if (last === undefined) return;
    after = keyOf(last);
  }
};
