import { type Outcome, placeOf, type RowFate, rowFates, skippedFate } from './fate.ts';
import type { Group } from './grouping.ts';
import type { Drafted, OrderDraft } from './to-order.ts';
import type { Row } from './rows.ts';

/** Rows that are to become one order. */
export interface PlannedOrder {
  readonly rows: readonly Row[];
  readonly orderNumber: string;
  /** `undefined`: the mapping could not make an order of them. */
  readonly draft: OrderDraft | undefined;
}

export interface Plan {
  readonly rows: number;
  readonly orders: readonly PlannedOrder[];
  /** Of rows that are sent nowhere: skipped, unreadable, or beyond the mapping. */
  readonly decided: readonly RowFate[];
}

/** Decides what is sent, and the fate of everything that is not. */
export const planImport = (groups: readonly Group[], make: (group: Group) => Drafted): Plan => {
  const orders: PlannedOrder[] = [];
  const decided: RowFate[] = [];
  let rows = 0;
  for (const group of groups) {
    rows += group.rows.length + group.skipped.length + group.unreadable.length;
    for (const { row, reason } of group.skipped) decided.push(skippedFate(row, group.key, reason));
    for (const { row, detail } of group.unreadable) decided.push(...rowFates([row], '', refusal('unreadable-row', detail)));
    if (group.rows.length === 0) continue;
    const made = make(group);
    if ('draft' in made) orders.push({ rows: group.rows, orderNumber: made.draft.orderNumber, draft: made.draft });
    else {
      orders.push({ rows: group.rows, orderNumber: group.key, draft: undefined });
      const [first] = made.faults;
      decided.push(...rowFates(group.rows, group.key, { ...refusal(first?.code ?? 'unmappable', ''), faults: made.faults }));
    }
  }
  return { rows, orders, decided };
};

/** Orders that still have to be sent: those with a row without a fate. */
export const unsent = (plan: Plan, known: ReadonlyMap<string, RowFate>): readonly (PlannedOrder & { readonly draft: OrderDraft })[] =>
  plan.orders.filter(
    (order): order is PlannedOrder & { draft: OrderDraft } =>
      order.draft !== undefined && order.rows.some((row) => !known.has(placeOf(row))),
  );

const refusal = (code: string, detail: string): Outcome & { fate: 'refused' } => ({ fate: 'refused', code, detail, faults: [] });
