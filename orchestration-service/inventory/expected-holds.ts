import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DiscountApplied, StockReserved } from '@sagahub/contracts/messages/order.ts';
import type { DiscountDefinition } from '@sagahub/contracts/ports/discounts.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { StockItem } from '@sagahub/contracts/ports/stock.ts';
import { definitionOf, isDefinition } from './discount-definitions.ts';
import { eachPage } from './log-pages.ts';
import { toMicros } from './micros.ts';
import { isApplied } from './stock-levels.ts';

/** What the log says about one SKU. */
export interface ExpectedStock {
  /** Sum of all changes by loads, in millionths. */
  loadedMicros: bigint;
  /** Of the last level applied. */
  revision: number;
  /** From here on reservations of it are counted. */
  readonly trackedFrom: bigint;
}

export interface ExpectedDiscount {
  /** Oldest first. A code without a limit is not counted while it has none. */
  readonly history: { readonly position: bigint; readonly limited: boolean }[];
  latest: DiscountDefinition;
}

/** One reading of the log: everything but who holds what. */
export interface LogSurvey {
  readonly stock: ReadonlyMap<string, ExpectedStock>;
  readonly discounts: ReadonlyMap<string, ExpectedDiscount>;
  readonly stockReleased: ReadonlySet<string>;
  readonly discountReleased: ReadonlySet<string>;
}

export const surveyLog = async (store: EventStore, signal?: AbortSignal): Promise<LogSurvey> => {
  const stock = new Map<string, ExpectedStock>();
  const discounts = new Map<string, ExpectedDiscount>();
  const stockReleased = new Set<string>();
  const discountReleased = new Set<string>();
  for await (const events of eachPage(store, ['stock', 'discount', 'order'])) {
    signal?.throwIfAborted();
    for (const event of events)
      if (isApplied(event)) {
        const { sku, change, levelRevision } = event.data;
        const known = stock.get(sku) ?? { loadedMicros: 0n, revision: -1, trackedFrom: event.position };
        known.loadedMicros += toMicros(change);
        known.revision = Math.max(known.revision, levelRevision);
        stock.set(sku, known);
      } else if (isDefinition(event)) {
        const latest = definitionOf(event);
        const known = discounts.get(latest.code) ?? { history: [], latest };
        known.history.push({ position: event.position, limited: latest.maxRedemptions !== undefined });
        known.latest = latest;
        discounts.set(latest.code, known);
      } else if (event.type === 'StockReleased') stockReleased.add(objectIdOf(event.stream));
      else if (event.type === 'DiscountReleased') discountReleased.add(objectIdOf(event.stream));
  }
  return { stock, discounts, stockReleased, discountReleased };
};

export type ExpectedHold =
  | { readonly kind: 'stock'; readonly holder: string; readonly items: readonly StockItem[] }
  | { readonly kind: 'discount'; readonly holder: string; readonly code: string; readonly at: string };

/** Who holds what, by the log: each reservation that was not given back, with the SKUs that were counted then. A page at a time. */
export const eachHold = async function* (store: EventStore, survey: LogSurvey): AsyncGenerator<readonly ExpectedHold[]> {
  for await (const events of eachPage(store, ['order'])) yield events.flatMap((event) => holdOf(event, survey) ?? []);
};

const holdOf = ({ type, data, stream, position, metadata }: RecordedEvent<string, any>, survey: LogSurvey): ExpectedHold | undefined => {
  const holder = objectIdOf(stream);
  if (type === 'StockReserved' && !survey.stockReleased.has(holder)) {
    const { items } = data as StockReserved['data'];
    const counted = ({ sku }: StockItem) => (survey.stock.get(sku)?.trackedFrom ?? position) < position;
    return { kind: 'stock', holder, items: items.filter(counted) };
  }
  if (type === 'DiscountApplied' && !survey.discountReleased.has(holder)) {
    const { code } = data as DiscountApplied['data'];
    const inForce = survey.discounts.get(code)?.history.findLast((definition) => definition.position < position);
    return inForce?.limited ? { kind: 'discount', holder, code, at: metadata.time } : undefined;
  }
  return undefined;
};
