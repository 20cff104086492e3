import { sumOf } from '@sagahub/contracts/money.ts';
import { Journal } from '../journal.ts';

export type Status = 'pending' | 'approved' | 'declined' | 'reversed';

/** What the processor knows of one payment. The token is nobody's business once it is used, so it is not kept. */
export interface SimulatedPayment {
  readonly paymentRef: string;
  /** The Idempotency-Key it came with. */
  readonly key: string;
  readonly externalPaymentId: string;
  /** As sent: a decimal string. */
  readonly amount: string;
  readonly currency: string;
  readonly status: Status;
  readonly reason?: string;
  /** Of one that is decided later: when, and what. Absent time: never. */
  readonly decidesAtMs?: number;
  readonly willBe?: { readonly status: 'approved' | 'declined'; readonly reason?: string };
  readonly callbacks: 'never' | 'once' | 'twice';
}

export interface PaymentTotals {
  readonly payments: number;
  readonly pending: number;
  readonly approved: number;
  readonly declined: number;
  readonly reversed: number;
  /** External payment ids with more than one that is approved or pending. */
  readonly doubled: number;
  /** Exact sum of what is approved, by currency. */
  readonly approvedTotal: Readonly<Record<string, string>>;
}

/** What the simulated processor did, to compare the hub's promises with. In a folder it survives a kill of the process that hosts it. */
export class PaymentLedger {
  readonly #byRef = new Map<string, SimulatedPayment>();
  readonly #refByKey = new Map<string, string>();
  readonly #refsByExternalId = new Map<string, string[]>();
  readonly #journal: Journal<SimulatedPayment>;

  /** @param folder where to keep `payments.ndjson`; absent: in memory only */
  constructor(folder?: string) {
    this.#journal = new Journal(folder, 'payments.ndjson', (payment) => this.#apply(payment));
  }

  nextRef(): string {
    return `T-${String(this.#byRef.size + 1).padStart(8, '0')}`;
  }

  /** As it is from now on. */
  put(payment: SimulatedPayment): void {
    this.#apply(payment);
    this.#journal.write(payment);
  }

  byRef(paymentRef: string): SimulatedPayment | undefined {
    return this.#byRef.get(paymentRef);
  }

  byKey(key: string): SimulatedPayment | undefined {
    const ref = this.#refByKey.get(key);
    return ref === undefined ? undefined : this.#byRef.get(ref);
  }

  of(externalPaymentId: string): readonly SimulatedPayment[] {
    return (this.#refsByExternalId.get(externalPaymentId) ?? []).map((ref) => this.#byRef.get(ref)!);
  }

  payments(): IterableIterator<SimulatedPayment> {
    return this.#byRef.values();
  }

  totals(): PaymentTotals {
    const counts = { pending: 0, approved: 0, declined: 0, reversed: 0 };
    const amounts = new Map<string, string[]>();
    const live = new Map<string, number>();
    for (const { status, currency, amount, externalPaymentId } of this.#byRef.values()) {
      counts[status] += 1;
      if (status === 'approved') {
        const same = amounts.get(currency);
        if (same) same.push(amount);
        else amounts.set(currency, [amount]);
      }
      if (status === 'approved' || status === 'pending') live.set(externalPaymentId, (live.get(externalPaymentId) ?? 0) + 1);
    }
    return {
      payments: this.#byRef.size,
      ...counts,
      doubled: [...live.values()].filter((count) => count > 1).length,
      approvedTotal: Object.fromEntries([...amounts].map(([currency, of]) => [currency, sumOf(of)])),
    };
  }

  /** Calls back once everything done so far survives a kill of this process. */
  whenKept(callback: () => void): void {
    this.#journal.whenKept(callback);
  }

  close(): void {
    this.#journal.close();
  }

  #apply(payment: SimulatedPayment): void {
    const { paymentRef, key, externalPaymentId } = payment;
    const isNew = !this.#byRef.has(paymentRef);
    this.#byRef.set(paymentRef, payment);
    if (!isNew) return;
    this.#refByKey.set(key, paymentRef);
    this.#refsByExternalId.set(externalPaymentId, [...(this.#refsByExternalId.get(externalPaymentId) ?? []), paymentRef]);
  }
}
