import { openSqliteDiscounts } from '@sagahub/adapters/sqlite/discounts.ts';
import { openSqliteDocumentStore } from '@sagahub/adapters/sqlite/document-store.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { openSqliteStock } from '@sagahub/adapters/sqlite/stock.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import type { EventBody } from '@sagahub/contracts/events.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { StockItem } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { type Act, newEvent } from '../loading.ts';
import { inventoryRoutes } from '../routes.ts';
import { UnfinishedLoads } from '../unfinished-loads.ts';

const NO_DOCUMENTS = {} as DocumentStore;
export const ACT: Act = { by: 'client:operator', correlationId: 'c-1' };

/** Inventory over the embedded adapters, in a folder of its own. */
export interface InventorySite extends AsyncDisposable {
  readonly ports: Pick<Ports, 'store' | 'stock' | 'discounts' | 'documents' | 'clock' | 'telemetry'> & { readonly clock: ManualClock };
  readonly unfinished: UnfinishedLoads;
  call(method: string, path: string, request?: Partial<ApiRequest>): Promise<ApiResponse>;
  /** Types and data of a stream. */
  dataOf(stream: string): Promise<readonly (readonly [string, object])[]>;
  /** What the saga would do: take, then record; `free` gives back, then records. */
  takes(orderId: string, items: readonly StockItem[], discountCode?: string): Promise<void>;
  givesBack(orderId: string, items: readonly StockItem[], discountCode?: string): Promise<void>;
}

/** @param documents opened only where the test starts the service, since it takes its time */
export const inventorySite = async ({ documents: needed = false } = {}): Promise<InventorySite> => {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const clock = manualClock();
  const log = opened.use(await openLogDatabase(folder.path('log.db')));
  const store = opened.use(await openSqliteEventStore(log, { clock }));
  const documents = needed ? opened.use(await openSqliteDocumentStore({ path: folder.path('views.db'), collections: [] })) : NO_DOCUMENTS;
  const ports = { store, stock: openSqliteStock(log), discounts: openSqliteDiscounts(log), documents, clock, telemetry: silentTelemetry };
  const unfinished = new UnfinishedLoads();
  const routes = inventoryRoutes({ ...ports, unfinished });
  const append = async (orderId: string, bodies: readonly EventBody<string, any>[]): Promise<void> => {
    const stream = orderStream(orderId);
    const expectedRevision = (await store.readStream(stream)).at(-1)?.revision ?? NO_STREAM;
    await store.append({ stream, expectedRevision, events: bodies.map((body) => newEvent(body, ACT, clock.now())) });
  };
  const open = opened.move();
  return {
    ports,
    unfinished,
    call: (method, path, request = {}) => {
      const found = routes.flatMap((route) => {
        const params = route.method === method && new URLPattern({ pathname: route.path }).exec({ pathname: path })?.pathname.groups;
        return params ? [{ route, params }] : [];
      })[0];
      if (!found) throw new Error(`no route ${method} ${path}`);
      const params = Object.fromEntries(Object.entries(found.params).map(([name, value]) => [name, decodeURIComponent(value ?? '')]));
      return found.route.handle({
        method,
        url: path,
        params,
        query: {},
        headers: {},
        body: undefined,
        principal: { clientId: 'operator', partnerId: 'hub', scopes: new Set(['admin']), rateLimitPerMinute: 0 },
        correlationId: 'c-1',
        requestId: 'r-1',
        traceparent: undefined,
        remoteAddress: '127.0.0.1',
        signal: AbortSignal.timeout(20_000),
        ...request,
      });
    },
    dataOf: async (stream) => (await store.readStream(stream)).map(({ type, data }) => [type, data] as const),
    takes: async (orderId, items, code) => {
      await ports.stock.reserve([{ holder: orderId, items }]);
      if (code) await ports.discounts.redeem([{ holder: orderId, code, at: new Date(clock.now()).toISOString() }]);
      const discount = { type: 'DiscountApplied', data: { code, percent: '10', amount: '1' } };
      await append(orderId, [{ type: 'StockReserved', data: { items } }, ...(code ? [discount] : [])]);
    },
    givesBack: async (orderId, items, code) => {
      await ports.stock.release([orderId]);
      if (code) await ports.discounts.release([orderId]);
      await append(orderId, [...(code ? [{ type: 'DiscountReleased', data: { code } }] : []), { type: 'StockReleased', data: { items } }]);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};
