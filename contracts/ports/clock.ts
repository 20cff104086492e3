/** The one source of time. Everything that waits or measures takes one, so tests can move it by hand. */
export interface Clock {
  /** Milliseconds since 1970. Never goes back within one process. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
