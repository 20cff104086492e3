/** A hint to look at a stream. Handled twice, late, out of order or not at all, it changes nothing. */
export interface Hint {
  readonly queue: string;
  readonly stream: string;
  readonly step: string;
  readonly attempt: number;
  readonly partnerId: string;
}

/** The broker only wakes: it holds no attempt, no delay and no dead letter. */
export interface MessageBus extends AsyncDisposable {
  /** Resolves when the broker has the hints. Losing them afterwards costs seconds (the sweeper), never work. */
  publish(hints: readonly Hint[]): Promise<void>;

  /**
   * Hands over hints of one queue, up to `prefetch` at once. A hint is settled when the promise settles; a handler that
   * throws gets the hint again later at the broker's discretion.
   */
  consume(queue: string, options: { readonly prefetch: number; readonly onHint: (hint: Hint) => Promise<void> }): Promise<AsyncDisposable>;

  /** Hints published and not yet handed to a consumer. Those published together may count as one, where they travel together. */
  backlog(queue: string): Promise<number>;
}
