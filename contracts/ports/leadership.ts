/** One stretch of leading. */
export interface Term {
  readonly name: string;
  /** Ascending: a later term has a larger epoch, whoever leads. What a store is told together with it, it refuses from an earlier term. */
  readonly epoch: bigint;
  /** Aborted when the lead is lost or given up: stop what you do for it. */
  readonly signal: AbortSignal;
}

export interface Candidacy extends AsyncDisposable {
  /** The term in hand; `undefined` while somebody else leads, or nobody can. */
  readonly term: Term | undefined;
}

/**
 * Who does what only one may do: the relay, the sequencer, the projector. At most one candidate of a name is told that it leads, and
 * when it ends, hangs or is cut off, another one takes over within seconds. A leader that was superseded while it hung may not know
 * yet; so whatever it writes carries its {@link Term}, and is refused with SupersededError.
 */
export interface Leadership extends AsyncDisposable {
  /**
   * Runs for the lead until disposed, and calls `onLeading` each time it is won; the term lasts at most until that promise settles.
   * One that settles early (also by throwing, which is the caller's to log) gives the lead up, and runs for it again a second later.
   * Disposing aborts the term and waits for `onLeading`.
   */
  lead(name: string, onLeading: (term: Term) => Promise<void>): Candidacy;
}
