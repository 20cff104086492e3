/** Work of one name is done one behind the other, in the order it was asked; work of different names at the same time. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();

  run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name);
    const mine = before ? before.then(work, work) : work();
    const done = mine.then(forget, forget);
    const last = this.#last;
    last.set(name, done);
    function forget(): void {
      if (last.get(name) === done) last.delete(name);
    }
    return mine;
  }

  /** Everything asked so far is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
