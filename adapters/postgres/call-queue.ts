interface Waiting<Call> {
  readonly call: Call;
  readonly resolve: (answer: any) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Performs calls in the order they were made, neighbours of one kind together in one transaction: while one group is with the server,
 * what is asked meanwhile becomes the next.
 */
export class CallQueue<Call extends { readonly kind: string }> {
  readonly #perform: (calls: readonly Call[]) => Promise<readonly unknown[]>;
  readonly #largestGroup: number;
  #waiting: Waiting<Call>[] = [];
  #working = false;

  /** @param perform answers calls of one kind, in their order; when it throws, all of them fail */
  constructor(perform: (calls: readonly Call[]) => Promise<readonly unknown[]>, largestGroup = 200) {
    this.#perform = perform;
    this.#largestGroup = largestGroup;
  }

  ask<Answer>(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    // After the callbacks of this pass of the event loop, so that all they ask for shares a transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const kind = this.#waiting[0]?.call.kind;
      const other = this.#waiting.findIndex(({ call }) => call.kind !== kind);
      const group = this.#waiting.splice(0, Math.min(this.#largestGroup, other === -1 ? this.#waiting.length : other));
      try {
        const answers = await this.#perform(group.map(({ call }) => call));
        for (const [index, { resolve }] of group.entries()) resolve(answers[index]);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#working = false;
  }
}
