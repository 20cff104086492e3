/**
 * Whose line stands still: nobody of it had a turn for as many looks in a row as make up `LOOKS`. Looks are counted and not time, so that a process that was
 * stopped itself, or had no processor for a while, takes nobody for hanging.
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
    for (const partnerId of partnerIds) looks.set(partnerId, (this.#looks.get(partnerId) ?? 0) + 1);
    this.#looks = looks;
  }

  has(partnerId: string): boolean {
    return (this.#looks.get(partnerId) ?? 0) >= LOOKS;
  }
}

const LOOKS = 4;
