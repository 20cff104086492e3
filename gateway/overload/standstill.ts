/**
 * For how long lines have stood still: in how many looks in a row nobody of a partner that waits had a turn. Looks are counted and not time, so that a process
 * that was stopped itself, or had no processor for a while, takes nobody for hanging.
 */
export class Standstill {
  /** Since its last turn, by partner. */
  #looks = new Map<string, number>();

  hadTurn(partnerId: string): void {
    this.#looks.delete(partnerId);
  }

  /** @param partnerIds of those who wait now */
  look(partnerIds: Iterable<string>): void {
    const looks = new Map<string, number>();
    for (const partnerId of partnerIds) looks.set(partnerId, this.looksOf(partnerId) + 1);
    this.#looks = looks;
  }

  looksOf(partnerId: string): number {
    return this.#looks.get(partnerId) ?? 0;
  }
}
