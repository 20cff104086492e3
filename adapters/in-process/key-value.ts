import { ClosedError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import { ExpiryQueue } from './expiry-queue.ts';

interface Entry {
  readonly key: string;
  value: string;
  readonly expiresAtMs: number;
}

export interface InProcessKeyValueOptions {
  readonly clock: Clock;
  /** When there would be more, the one nearest to its expiry goes. Default 100,000. */
  readonly maxEntries?: number;
}

/** Memory of this process; empty after every start. */
export const openInProcessKeyValue = ({ clock, maxEntries = 100_000 }: InProcessKeyValueOptions): KeyValue => {
  const entries = new Map<string, Entry>();
  const byExpiry = new ExpiryQueue<Entry>((entry) => entries.get(entry.key) === entry);
  let closed = false;

  const live = (key: string, nowMs: number): Entry | undefined => {
    if (closed) throw new ClosedError('the key-value store');
    const entry = entries.get(key);
    return entry && entry.expiresAtMs > nowMs ? entry : undefined;
  };

  const store = (key: string, value: string, ttlMs: number, nowMs: number): Entry => {
    const entry = { key, value, expiresAtMs: nowMs + ttlMs };
    entries.set(key, entry);
    byExpiry.add(entry);
    for (let first = byExpiry.first(); first; first = byExpiry.first()) {
      if (first.expiresAtMs > nowMs && entries.size <= maxEntries) break;
      entries.delete(first.key);
    }
    return entry;
  };

  return {
    async get(key) {
      return live(key, clock.now())?.value;
    },
    async set(key, value, ttlMs) {
      const nowMs = clock.now();
      live(key, nowMs);
      store(key, value, ttlMs, nowMs);
    },
    async setIfAbsent(key, value, ttlMs) {
      const nowMs = clock.now();
      if (live(key, nowMs)) return false;
      store(key, value, ttlMs, nowMs);
      return true;
    },
    async delete(key) {
      live(key, 0);
      entries.delete(key);
    },
    async increment(key, by, ttlMs) {
      const nowMs = clock.now();
      const entry = live(key, nowMs) ?? store(key, '0', ttlMs, nowMs);
      const value = Number(entry.value) + by;
      if (!Number.isFinite(value)) throw new TypeError(`${key} holds no number`);
      entry.value = String(value);
      return { value, expiresInMs: entry.expiresAtMs - nowMs };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      entries.clear();
      byExpiry.clear();
    },
  };
};
