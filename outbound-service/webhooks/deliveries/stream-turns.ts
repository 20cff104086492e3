/** One piece of work per stream at a time, in the order it was asked for: two that append to one stream would have to do it again. */
export class StreamTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  run<Result>(stream: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(stream);
    const turn = before ? before.then(work, work) : work();
    const settled = turn.catch(() => {}).finally(() => this.#last.get(stream) === settled && this.#last.delete(stream));
    this.#last.set(stream, settled);
    return turn;
  }
}
