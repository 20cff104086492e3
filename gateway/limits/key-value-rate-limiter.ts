import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import { type IRateLimiterOptions, RateLimiterRes } from 'rate-limiter-flexible';
import RateLimiterStoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js';

type Count = Awaited<ReturnType<KeyValue['increment']>>;

/** rate-limiter-flexible over our KeyValue port, so that limits are in memory or in Redis as everything else is. */
export class KeyValueRateLimiter extends RateLimiterStoreAbstract {
  readonly #store: KeyValue;

  constructor(store: KeyValue, options: IRateLimiterOptions) {
    super({ ...options, storeClient: store });
    this.#store = store;
  }

  /** Called by the base class: adds points; with `forceExpire` sets them, and the expiry anew. */
  async _upsert(key: string, points: number, durationMs: number, forceExpire: boolean): Promise<Count> {
    if (forceExpire) await this.#store.delete(key);
    return this.#store.increment(key, points, durationMs);
  }

  /** Called by the base class. Adding nothing tells value and expiry at once; an absent key is a zero for a millisecond. */
  async _get(key: string): Promise<Count | null> {
    const count = await this.#store.increment(key, 0, 1);
    return count.value === 0 ? null : count;
  }

  /** Called by the base class. */
  async _delete(key: string): Promise<boolean> {
    await this.#store.delete(key);
    return true;
  }

  /** Called by the base class. */
  _getRateLimiterRes(_key: string, changedPoints: number, { value, expiresInMs }: Count): RateLimiterRes {
    return new RateLimiterRes(Math.max(0, this.points - value), expiresInMs, value, value === changedPoints);
  }
}
