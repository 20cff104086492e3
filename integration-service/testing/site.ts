import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { OrderReceived } from '@sagahub/contracts/messages/order.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { type OrderIntake, openIntake } from '../orders/intake.ts';
import { type CollectedTelemetry, collectTelemetry } from './collected-telemetry.ts';
import { MemoryDisk, memoryKeys, memoryStore } from './memory-ports.ts';

/** An intake with its stores, which outlive it. */
export interface Site extends AsyncDisposable {
  readonly store: EventStore;
  readonly keys: KeyStore;
  readonly intake: OrderIntake;
  readonly telemetry: CollectedTelemetry;
  /** Every `OrderReceived` of the log. */
  received(): Promise<readonly RecordedEvent<'OrderReceived', OrderReceived['data']>[]>;
  /** Closes everything and opens it again on what is on disk; the cache is empty. */
  restart(options?: SiteOptions): Promise<Site>;
}

export interface SiteOptions {
  readonly cache?: KeyValue;
  /** Before an append; rejecting fails it. */
  readonly onAppend?: () => Promise<void>;
  readonly onRead?: (stream: string) => void;
}

export const openSite = async (options: SiteOptions = {}, disk = new MemoryDisk()): Promise<Site> => {
  const clock = manualClock();
  const cache = options.cache ?? openInProcessKeyValue({ clock });
  const store = observed(memoryStore(disk), options);
  const keys = memoryKeys(disk);
  const telemetry = collectTelemetry();
  const intake = await openIntake({ store, keys, cache, clock, telemetry }, 600_000);
  const close = async () => {
    await store[Symbol.asyncDispose]();
    await keys[Symbol.asyncDispose]();
  };
  return {
    store,
    keys,
    intake,
    telemetry,
    received: async () =>
      (await store.readAll({ after: 0n, limit: 1_000, categories: ['order'] })).filter(({ type }) => type === 'OrderReceived') as any,
    restart: async (again) => {
      await close();
      return openSite(again, disk);
    },
    [Symbol.asyncDispose]: close,
  };
};

const observed = (inner: EventStore, { onAppend, onRead }: SiteOptions): EventStore => ({
  ...inner,
  append: async (append) => {
    await onAppend?.();
    return inner.append(append);
  },
  readStream: (stream, range) => {
    onRead?.(stream);
    return inner.readStream(stream, range);
  },
});
