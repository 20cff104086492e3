import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openSqliteKeyStore } from '@sagahub/adapters/sqlite/key-store.ts';
import { openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { OrderReceived } from '@sagahub/contracts/messages/order.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import type { IntakePorts } from '../intake/intake.ts';
import { type OrderIntake, openIntake } from '../orders/intake.ts';
import { type RecordedTelemetry, recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';

/** Intake over the stores of the embedded profile, on a folder of its own. Slow to open: tests share one, each with a partner of its own. */
export interface Site extends AsyncDisposable {
  readonly store: EventStore;
  readonly keys: KeyStore;
  readonly telemetry: RecordedTelemetry;
  readonly intake: OrderIntake;
  /** Another intake on the same stores, with an empty cache and whatever is given. */
  openIntake(instead?: Partial<IntakePorts>): Promise<OrderIntake>;
  /** Every `OrderReceived` of one partner. */
  received(partnerId: string): Promise<readonly RecordedEvent<'OrderReceived', OrderReceived['data']>[]>;
  /** Closes the stores and opens them again, as a new process would. */
  restart(): Promise<Site>;
}

const DUPLICATE_CACHE_MS = 600_000;

export const openSite = async (): Promise<Site> => openSiteIn(await temporaryFolder());

const openSiteIn = async (folder: Awaited<ReturnType<typeof temporaryFolder>>): Promise<Site> => {
  const clock = manualClock();
  const log = await openLogDatabase(folder.path('log.db'));
  const store = await openSqliteEventStore(log, { clock });
  const keys = await openSqliteKeyStore({ path: folder.path('keys.db') });
  const telemetry = recordTelemetry();
  const another: Site['openIntake'] = (instead) =>
    openIntake({ store, keys, cache: openInProcessKeyValue({ clock }), clock, telemetry, ...instead }, DUPLICATE_CACHE_MS);
  const close = async () => {
    await keys[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await log[Symbol.asyncDispose]();
  };
  return {
    store,
    keys,
    telemetry,
    intake: await another(),
    openIntake: another,
    received: async (partnerId) => {
      const events = await store.readAll({ after: 0n, limit: 10_000, categories: ['order'] });
      return events.filter(({ type, data }) => type === 'OrderReceived' && data['partnerId'] === partnerId) as object[] as Received[];
    },
    restart: async () => {
      await close();
      return openSiteIn(folder);
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
};
type Received = RecordedEvent<'OrderReceived', OrderReceived['data']>;

/** A store that does something first; the rest is the real one's. */
export const storeAfter = (
  store: EventStore,
  first: { readonly append?: () => Promise<void>; readonly readStream?: () => void },
): IntakePorts['store'] => ({
  namespace: store.namespace,
  append: async (append) => {
    await first.append?.();
    return store.append(append);
  },
  readStream: (stream, range) => {
    first.readStream?.();
    return store.readStream(stream, range);
  },
});
