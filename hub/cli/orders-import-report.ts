import { FATES } from '../import/fate.ts';
import type { ImportSummary, Tally } from '../import/summary.ts';
import { table } from './output.ts';

/** What an import came to, for a person. */
export const importReport = (summary: ImportSummary, resultFile?: string): string => {
  const { fates, open, reasons, statuses, rows } = summary;
  const fateRows = FATES.map((fate) => tallyRow(fate, fates[fate]));
  const openRow = open.rows > 0 ? [['not sent', open.orders, open.rows, '']] : [];
  const statusRows = Object.entries(statuses).map(([status, tally]) => tallyRow(status, tally));
  const reasonRows = reasons.map(({ fate, reason, orders, rows: count }) => [fate, orders, count, reason]);
  return [
    table(['fate', 'orders', 'rows', 'sum'], [...fateRows, ...openRow]),
    ...(statusRows.length > 0 ? [table(['status', 'orders', 'rows', 'sum'], statusRows)] : []),
    ...(reasonRows.length > 0 ? [table(['fate', 'orders', 'rows', 'why'], reasonRows)] : []),
    `${rows} rows in all${resultFile === undefined ? '' : `; the fate of each is in ${resultFile}`}`,
  ].join('\n\n');
};

const tallyRow = (name: string, { orders, rows, money }: Tally) => [name, orders, rows, moneyText(money)];

const moneyText = (money: Readonly<Record<string, string>>): string =>
  Object.entries(money)
    .map(([currency, amount]) => `${amount} ${currency}`)
    .join(', ');
