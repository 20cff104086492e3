import { openSqliteDocumentStore } from '@sagahub/adapters/sqlite/document-store.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openInProcessLeadership } from '@sagahub/adapters/in-process/leadership.ts';
import { openSqliteKeyStore } from '@sagahub/adapters/sqlite/key-store.ts';
import { openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import { randomId } from '@sagahub/contracts/ids.ts';
import { ORDER } from '@sagahub/contracts/messages/order.ts';
import { PAYMENT } from '@sagahub/contracts/messages/payment.ts';
import type { CollectionSpec, DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { READ_MODEL_COLLECTIONS } from '../collections.ts';
import { ChangeFeed } from '../change-feed.ts';
import { Projector, type ProjectorOptions } from '../projector.ts';
import { ordersProjection } from '../projections/index.ts';
import type { Projection } from '../projections/projection.ts';
import { type Told, written } from './order-story.ts';

/** A log and a document store on disk, with time moved by hand. */
export interface Site extends AsyncDisposable {
  readonly store: EventStore;
  readonly documents: DocumentStore;
  readonly clock: ManualClock;
  readonly keys: KeyStore;
  readonly ports: Ports;
  readonly feed: ChangeFeed;
  /** Path of a file in the site's folder, e.g. `log.db`. */
  readonly path: (file: string) => string;
  /** Appends to an object's stream, which may exist; each event a millisecond later. Returns the object's id. @param flow default `order` */
  tell(id: string, events: readonly Told[], partnerId?: string, flow?: string): Promise<string>;
  /** Starts projecting; it is stopped with the site, unless before. */
  project(projection?: Projection, options?: Partial<ProjectorOptions>, ports?: Partial<Ports>): Promise<Projector>;
  /** Until everything in the log is projected. */
  caughtUp(projector: Projector): Promise<void>;
}

/** @param collections beside those of the read model */
export const openSite = async (collections: readonly CollectionSpec[] = []): Promise<Site> => {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const clock = manualClock();
  const log = opened.use(await openLogDatabase(folder.path('log.db')));
  const store = opened.use(await openSqliteEventStore(log, { clock }));
  const views = { path: folder.path('views.db'), collections: [...READ_MODEL_COLLECTIONS, ...collections] };
  const documents = opened.use(await openSqliteDocumentStore(views));
  const keys = opened.use(await openSqliteKeyStore({ path: folder.path('keys.db') }));
  const leadership = opened.use(openInProcessLeadership({ clock }));
  const ports = { store, documents, leadership, clock, keys, telemetry: silentTelemetry } as unknown as Ports;
  const feed = opened.use(new ChangeFeed(ports, [ORDER, PAYMENT]));
  const projectors = opened.use(new AsyncDisposableStack());
  const open = opened.move();
  return {
    store,
    documents,
    clock,
    keys,
    ports,
    feed,
    path: folder.path,
    async tell(id, events, partnerId, flow = ORDER) {
      const stream = `${flow}-${id}`;
      const expectedRevision = (await store.readStream(stream)).length - 1;
      await store.append({ stream, expectedRevision, events: written(events, clock.now(), partnerId) });
      return id;
    },
    async project(projection = ordersProjection, options = {}, overrides = {}) {
      const projector = await Projector.start(
        projection,
        { ...ports, ...overrides },
        { windowMs: 0, batchSize: 500, hotDocuments: 1_000, ...options },
      );
      return projectors.use(projector);
    },
    caughtUp: (projector) => eventually('the projection catching up', async () => (await projector.status()).lagEvents === 0),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

export const newOrderId = randomId;
