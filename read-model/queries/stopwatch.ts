/** Remembers when things began, by name, so that what ends them can say how long they took. */
export class Stopwatch {
  readonly #since = new Map<string, string>();

  /** @param at ISO 8601 */
  begin(what: string, at: string): undefined {
    this.#since.set(what, at);
  }

  /** @returns ms; undefined: it had not begun @param forget false: it may end once more */
  end(what: string, at: string, forget = true): number | undefined {
    const since = this.#since.get(what);
    if (forget) this.#since.delete(what);
    return since === undefined ? undefined : Math.max(0, Date.parse(at) - Date.parse(since));
  }

  /** What ends here begins again at `next`. */
  restart(what: string, at: string, next: string): number | undefined {
    const took = this.end(what, at);
    this.begin(what, next);
    return took;
  }
}
