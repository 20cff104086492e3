import { categoryOf, objectIdOf } from '@sagahub/contracts/events.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';

/**
 * The fingerprint an object was accepted with; `undefined` when its stream holds nothing.
 *
 * Asked only after an append was refused, so a first submission pays nothing for it. The log answers; the cache, filled by the first
 * repeat, spares it the reads of a partner that repeats itself without end. A cache that fails is as good as an empty one.
 */
export const knownObjects = (
  ports: { readonly store: Pick<EventStore, 'readStream'>; readonly cache: KeyValue; readonly logger: Logger },
  ttlMs: number,
) => {
  const { store, cache, logger } = ports;
  const tolerant = async <T>(call: Promise<T>): Promise<T | undefined> => {
    try {
      return await call;
    } catch (error) {
      logger.warn('the cache of duplicates failed; the log answers instead', { cause: String(error) });
      return undefined;
    }
  };
  return async (stream: string): Promise<string | undefined> => {
    const key = `${categoryOf(stream)}-fingerprint:${objectIdOf(stream)}`;
    const cached = await tolerant(cache.get(key));
    if (cached !== undefined) return cached;
    const [first] = await store.readStream(stream, { from: 0, to: 0 });
    if (!first) return undefined;
    const fingerprint = first.data['fingerprint'] as string;
    await tolerant(cache.set(key, fingerprint, ttlMs));
    return fingerprint;
  };
};
