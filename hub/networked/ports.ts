import type { EngineHealth } from '@sagahub/adapters/engine/engine.ts';
import { waitForEngine } from '@sagahub/adapters/engine/starting.ts';
import { openMongoDocumentStore } from '@sagahub/adapters/mongodb/document-store.ts';
import type { Database } from '@sagahub/adapters/postgres/database.ts';
import { openPostgresDiscounts } from '@sagahub/adapters/postgres/discounts.ts';
import { openPostgresEventStore } from '@sagahub/adapters/postgres/event-store.ts';
import { openHubDatabase } from '@sagahub/adapters/postgres/hub-database.ts';
import { type HoldsOrigin, openHoldsOrigin } from '@sagahub/adapters/postgres/holds-origin.ts';
import { openPostgresKeyStore } from '@sagahub/adapters/postgres/key-store.ts';
import { parseMasterKeys } from '@sagahub/adapters/postgres/key-wrap.ts';
import { openPostgresLeadership } from '@sagahub/adapters/postgres/leadership.ts';
import { openPostgresOpenWork } from '@sagahub/adapters/postgres/open-work.ts';
import { followServerTime } from '@sagahub/adapters/postgres/server-time.ts';
import { openPostgresStock } from '@sagahub/adapters/postgres/stock.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { openRabbitMqMessageBus } from '@sagahub/adapters/rabbitmq/message-bus.ts';
import { openRedisKeyValue } from '@sagahub/adapters/redis/key-value.ts';
import { observedLeadership } from '@sagahub/adapters/telemetry/observed-leadership.ts';
import { timedDocumentStore, timedKeyStore } from '@sagahub/adapters/telemetry/timed-ports.ts';
import { tracedEventStore } from '@sagahub/adapters/telemetry/traced-event-store.ts';
import type { Clock, ResumableClock } from '@sagahub/contracts/ports/clock.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { READ_MODEL_COLLECTIONS } from '@sagahub/read-model/collections.ts';
import { noKeys } from './no-keys.ts';
import { type NetworkedSettings, networkedSettings } from './settings.ts';
import type { Startup } from './startup.ts';

export interface NetworkedOptions {
  readonly settings: NetworkedSettings;
  readonly strictInventory: boolean;
  readonly telemetry: Telemetry;
  readonly startup: Startup;
  /** Does this process seal, open or sign anything? Otherwise its user of PostgreSQL needs no right on the keys. */
  readonly needsKeys: boolean;
}

export interface NetworkedPorts extends Ports, AsyncDisposable {
  /** Goes by the clock of PostgreSQL's server. */
  readonly clock: ResumableClock;
  readonly holdsOrigin: HoldsOrigin;
  /** The engines that say how they are, for readiness. */
  readonly engines: readonly EngineHealth[];
}

/** Everything on engines that exist. Opening waits for each with growing pauses, and says which one it waits for. */
export const openNetworkedPorts = async (options: NetworkedOptions): Promise<NetworkedPorts> => {
  const { settings, strictInventory, telemetry, startup, needsKeys } = options;
  const postgres = { url: settings.postgresUrl, setting: networkedSettings.postgresUrl.env, starting: startup.of('postgresql:connection') };
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openHubDatabase(postgres));
  const time = opened.use(await followServerTime(database, systemClock()));
  const clock = systemClock(() => time.now());
  const openKeys = () => openPostgresKeyStore({ ...postgres, masterKeys: parseMasterKeys(settings.masterKey) });
  const keys = needsKeys ? timedKeyStore(opened.use(await openKeys()), telemetry) : noKeys;
  const leadership = opened.use(observedLeadership(openPostgresLeadership(database, { clock }), telemetry));
  const store = opened.use(await openLog(database, { clock, leadership }, options));
  const redis = opened.use(await openRedisKeyValue({ url: settings.redisUrl, ...startup.of('redis:connection') }));
  const bus = opened.use(await openRabbitMqMessageBus({ url: settings.rabbitmqUrl, ...startup.of('rabbitmq:connection') }));
  const documents = opened.use(
    await openMongoDocumentStore({
      url: settings.mongodbUrl,
      collections: READ_MODEL_COLLECTIONS,
      logId: store.logId,
      ...startup.of('mongodb:connection'),
    }),
  );
  const closing = opened.move();
  return {
    store: tracedEventStore(store, telemetry),
    openWork: openPostgresOpenWork(database),
    stock: openPostgresStock(database, { strict: strictInventory }),
    discounts: openPostgresDiscounts(database),
    holdsOrigin: openHoldsOrigin(database),
    bus,
    leadership,
    documents: timedDocumentStore(documents, telemetry),
    keys,
    cache: redis,
    clock,
    telemetry,
    engines: [database, ...('health' in store ? [store] : []), redis, bus, documents],
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
};

/** Health of a log that is on an engine of its own. */
const LOG_CHECK = 'event-store:connection';

/** By the scheme of the URL. In PostgreSQL every process stands for sequencer, so that one is always there. */
const openLog = async (
  database: Database,
  { clock, leadership }: { readonly clock: Clock; readonly leadership: Leadership },
  { settings: { eventStoreUrl, postgresUrl }, telemetry, startup }: NetworkedOptions,
): Promise<EventStore | (EventStore & EngineHealth)> => {
  const setting = networkedSettings.eventStoreUrl.env;
  if (eventStoreUrl !== undefined && /^(esdb|kurrentdb)/.test(eventStoreUrl)) {
    const { openEventStoreDb } = await import('@sagahub/adapters/eventstoredb/event-store.ts');
    return waitForEngine({ name: 'KurrentDB', url: eventStoreUrl, setting }, startup.of(LOG_CHECK), () =>
      openEventStoreDb({ url: eventStoreUrl, clock, logger: telemetry.logger }),
    );
  }
  if (eventStoreUrl === undefined || eventStoreUrl === postgresUrl) return openPostgresEventStore(database, { clock, leadership });
  const own = await openHubDatabase({ url: eventStoreUrl, setting, starting: startup.of(LOG_CHECK) });
  const elections = observedLeadership(openPostgresLeadership(own, { clock }), telemetry);
  const store = await openPostgresEventStore(own, { clock, leadership: elections });
  const dispose = store[Symbol.asyncDispose].bind(store);
  return Object.assign(store, {
    health: async () => ({ ...(await own.health()), name: LOG_CHECK }),
    async [Symbol.asyncDispose]() {
      await dispose();
      await elections[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
    },
  });
};
