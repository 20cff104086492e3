/** The one source of time. Everything that waits or measures takes one, so tests can move it by hand. */
export interface Clock {
  /** Milliseconds since 1970. Never goes back within one process. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A clock of a process, which goes on where an earlier process left off. */
export interface ResumableClock extends Clock {
  /** From now on at least this. @returns how far it is ahead of the computer's clock, in milliseconds; 0 when they agree */
  resumeFrom(ms: number): number;
}
