/**
 * Fast and forgetful: caches, limits, shared counts. Losing all of it costs speed, never an order.
 * Keys and values are strings; every entry has an expiry.
 */
export interface KeyValue extends AsyncDisposable {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /** True when this call set it, false when there was a value already. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Adds to a counter (0 when absent) and returns it with its remaining time; the expiry is set by the first increment only. */
  increment(key: string, by: number, ttlMs: number): Promise<{ readonly value: number; readonly expiresInMs: number }>;
}
