import { sumOf } from '@sagahub/contracts/money.ts';
import { Journal } from '../journal.ts';

/** One order the ERP made. A second one for the same key is a second effect. */
export interface ErpEffect {
  readonly erpRef: string;
  /** The Idempotency-Key it came with; the external order id when there was none. */
  readonly key: string;
  readonly externalOrderId: string;
  readonly customerId: string;
  readonly currency: string;
  /** As sent: decimal strings. */
  readonly subtotal: string;
  readonly discount: string;
  readonly total: string;
  /** Milliseconds since 1970. */
  readonly madeAtMs: number;
  readonly cancelledAtMs?: number;
}

export interface LedgerTotals {
  readonly effects: number;
  readonly live: number;
  readonly cancelled: number;
  /** External order ids with more than one live effect. */
  readonly doubled: number;
  /** Exact sum of the live effects' totals, by currency. */
  readonly liveTotal: Readonly<Record<string, string>>;
}

type Line = { readonly made: ErpEffect } | { readonly cancelled: string; readonly atMs: number } | { readonly cleared: true };

/**
 * What the simulated ERP did, to compare the hub's promises with. In a folder it survives a kill of the process that hosts it: lines
 * go to an append-only file (one write per turn of the event loop) before anything is answered.
 */
export class ErpLedger {
  readonly #byRef = new Map<string, ErpEffect>();
  /** Refs by external order id; nearly always one. */
  readonly #byOrder = new Map<string, string | string[]>();
  readonly #byKey = new Map<string, string>();
  #lastNumber = 0;
  readonly #journal: Journal<Line>;

  /** @param folder where to keep `erp-ledger.ndjson`; absent: in memory only */
  constructor(folder?: string) {
    this.#journal = new Journal(folder, 'erp-ledger.ndjson', (line) => this.#apply(line));
  }

  /** Makes an order, whatever its key did before. */
  make(order: Omit<ErpEffect, 'erpRef' | 'cancelledAtMs'>): ErpEffect {
    const effect = { erpRef: `ERP-${String(this.#lastNumber + 1).padStart(8, '0')}`, ...order };
    this.#apply({ made: effect });
    this.#journal.write({ made: effect });
    return effect;
  }

  /** False when there is no such order; cancelling twice is fine. */
  cancel(erpRef: string, atMs: number): boolean {
    const effect = this.#byRef.get(erpRef);
    if (!effect) return false;
    if (effect.cancelledAtMs === undefined) {
      this.#apply({ cancelled: erpRef, atMs });
      this.#journal.write({ cancelled: erpRef, atMs });
    }
    return true;
  }

  clear(): void {
    this.#apply({ cleared: true });
    this.#journal.write({ cleared: true });
  }

  byKey(key: string): ErpEffect | undefined {
    const ref = this.#byKey.get(key);
    return ref === undefined ? undefined : this.#byRef.get(ref);
  }

  /** All effects of one external order id, oldest first. */
  ofOrder(externalOrderId: string): readonly ErpEffect[] {
    const refs = this.#byOrder.get(externalOrderId) ?? [];
    return (typeof refs === 'string' ? [refs] : refs).map((ref) => this.#byRef.get(ref)!);
  }

  effects(): IterableIterator<ErpEffect> {
    return this.#byRef.values();
  }

  liveEffects(): readonly ErpEffect[] {
    return [...this.#byRef.values()].filter((effect) => effect.cancelledAtMs === undefined);
  }

  totals(): LedgerTotals {
    const live = this.liveEffects();
    const amounts = new Map<string, string[]>();
    const counts = new Map<string, number>();
    for (const { currency, total, externalOrderId } of live) {
      const sameCurrency = amounts.get(currency);
      if (sameCurrency) sameCurrency.push(total);
      else amounts.set(currency, [total]);
      counts.set(externalOrderId, (counts.get(externalOrderId) ?? 0) + 1);
    }
    return {
      effects: this.#byRef.size,
      live: live.length,
      cancelled: this.#byRef.size - live.length,
      doubled: [...counts.values()].filter((count) => count > 1).length,
      liveTotal: Object.fromEntries([...amounts].map(([currency, totals]) => [currency, sumOf(totals)])),
    };
  }

  /** Calls back once everything done so far survives a kill of this process. */
  whenKept(callback: () => void): void {
    this.#journal.whenKept(callback);
  }

  close(): void {
    this.#journal.close();
  }

  #apply(line: Line): void {
    if ('made' in line) {
      const { erpRef, externalOrderId, key } = line.made;
      this.#lastNumber += 1;
      this.#byRef.set(erpRef, line.made);
      const others = this.#byOrder.get(externalOrderId);
      this.#byOrder.set(externalOrderId, others === undefined ? erpRef : [others, erpRef].flat());
      if (!this.#byKey.has(key)) this.#byKey.set(key, erpRef);
    } else if ('cancelled' in line) {
      const effect = this.#byRef.get(line.cancelled);
      if (effect) this.#byRef.set(line.cancelled, { ...effect, cancelledAtMs: line.atMs });
    } else {
      this.#byRef.clear();
      this.#byOrder.clear();
      this.#byKey.clear();
    }
  }
}
