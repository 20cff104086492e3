import type { Attributes } from '@sagahub/contracts/ports/telemetry.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { HealthCheck, Ports, Service } from '@sagahub/contracts/service.ts';
import { ChangeFeed } from './change-feed.ts';
import type { ReadModelConfig } from './config.ts';
import { LogCursors } from './log-cursor.ts';
import { readProjectionRecord } from './projection-record.ts';
import { Projector } from './projector.ts';
import { type BreakerDocument, BREAKERS } from './projections/breaker.ts';
import { breakersProjection, operatorsProjection, ordersProjection, redrivesProjection, webhooksProjection } from './projections/index.ts';
import type { Projection } from './projections/projection.ts';
import { OrderReader } from './queries/order-reader.ts';
import type { OpenBreakers } from './queries/order-view.ts';
import type { QueryContext } from './queries/query-context.ts';
import { statsQuery } from './queries/stats-query.ts';
import { countWork, workInFlight } from './queries/work.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { Rebuilds } from './rebuilds.ts';
import { readModelRoutes } from './routes.ts';

/** A read model this far behind is worth a warning. */
const LAG_WARNING_SECONDS = 30;
/** There are as many breakers as connectors: a handful. */
const MAX_BREAKERS = 1_000;

/** Projects the log and answers every question about it. The document store must have been opened with `READ_MODEL_COLLECTIONS`. */
export const startReadModel = async (config: ReadModelConfig, ports: Ports, runtime: Pick<SagaRuntime, 'settled'>): Promise<Service> => {
  await using started = new AsyncDisposableStack();
  const options = { windowMs: config.projectionWindowMs, batchSize: config.projectionBatch, hotDocuments: config.hotDocuments };
  const orders = started.use(await Projector.start(ordersProjection, ports, options));
  const breakers = started.use(await Projector.start(breakersProjection, ports, options));
  const redrives = started.use(await Projector.start(redrivesProjection, ports, options));
  const webhooks = started.use(await Projector.start(webhooksProjection, ports, options));
  const operators = started.use(await Projector.start(operatorsProjection, ports, options));
  const projectors = [orders, breakers, redrives, webhooks, operators];
  const rebuilds = started.use(new Rebuilds(ports));
  await rebuilds.resume(projectors);
  observe(ports, projectors);
  observeWork(ports);
  const cursors = new LogCursors(ports.store.logId);
  const feed = started.use(new ChangeFeed(ports));
  const context: QueryContext = {
    ...ports,
    runtime,
    orders: new OrderReader(ports),
    cursors,
    feed,
    openBreakers: () => openBreakers(ports),
    maxWaitMs: config.maxWaitMs,
    heartbeatMs: config.streamHeartbeatMs,
    streamQueue: config.streamQueue,
  };
  const running = started.move();
  return {
    name: 'read-model',
    routes: readModelRoutes(context, { ports, projectors, rebuilds, cursors }),
    managementRoutes: [statsQuery(ports.documents, cursors)],
    health: () => Promise.all(projectors.map(healthOf)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const openBreakers = async ({ documents }: Ports): Promise<OpenBreakers> => {
  const open = await documents.find(BREAKERS, { filter: { state: { eq: 'open' } }, limit: MAX_BREAKERS });
  return new Map(open.map(({ id, body }) => [id, body as unknown as BreakerDocument]));
};

const healthOf = async (projector: Projector): Promise<HealthCheck> => {
  const { lagSeconds, failing, parked } = await projector.status();
  const late = lagSeconds > LAG_WARNING_SECONDS;
  const output = failing ?? (parked.length > 0 ? `${parked.length} streams are parked` : late ? 'behind the log' : undefined);
  return {
    name: `projection-${projector.projection.name}:lag`,
    status: output === undefined ? 'pass' : 'warn',
    ...(output !== undefined && { output }),
    observedValue: lagSeconds,
    observedUnit: 's',
  };
};

/** Orders looked at for a scrape, received first first: their ages are what matters, and a backlog must not be read for every scrape. */
const OBSERVED = 1_000;
/** The gauges of one scrape are asked within this time. */
const SCRAPE_MS = 500;

/** What waits, by state and cause, with the age of the oldest. */
const observeWork = (ports: Ports): void => {
  const { telemetry, documents, clock } = ports;
  let latest: { readonly atMs: number; readonly counted: ReturnType<typeof countWork> } | undefined;
  /** Once for all gauges of a scrape. */
  const counted = () => {
    const atMs = clock.now();
    if (!latest || atMs - latest.atMs > SCRAPE_MS) {
      const breakers = openBreakers(ports);
      latest = { atMs, counted: breakers.then((open) => countWork(workInFlight(documents, open, atMs), OBSERVED)) };
    }
    return latest.counted;
  };
  telemetry.gauge(METRICS.ordersInFlight.name, async () =>
    (await counted()).counts.map(({ count, state, cause }) => [count, { state, cause }] as const),
  );
  telemetry.gauge(METRICS.ordersOldestAge.name, async () =>
    (await counted()).counts.map(
      ({ oldestSince, state, cause }) => [Math.max(0, (clock.now() - Date.parse(oldestSince)) / 1_000), { state, cause }] as const,
    ),
  );
};

const observe = ({ telemetry, documents }: Ports, projectors: readonly Projector[]): void => {
  const each = async (measure: (projector: Projector) => number | Promise<number>) =>
    Promise.all(projectors.map(async (one) => [await measure(one), { projection: one.projection.name }] as const));
  telemetry.gauge('hub.projection.lag', () => each(async (one) => (await one.status()).lagEvents));
  telemetry.gauge('hub.projection.lag.seconds', () => each(async (one) => (await one.status()).lagSeconds));
  telemetry.gauge('hub.projection.parked', () => each(async (one) => (await one.status()).parked.length));
  const counted = async (prefix: string, attributes: (name: string) => Attributes, { name }: Projection = ordersProjection) => {
    const { counts = {} } = (await readProjectionRecord(name, documents)) ?? {};
    return Object.entries(counts).flatMap(([counter, count]) =>
      counter.startsWith(prefix) ? [[count, attributes(counter.slice(prefix.length))] as const] : [],
    );
  };
  telemetry.gauge('hub.saga.states', () => counted('state:', (state) => ({ saga: 'order', state })));
  telemetry.gauge('hub.dead_letters', async () => {
    const letters = (projection: Projection) => counted('dead-letter:', (origin) => ({ origin }), projection);
    return [...(await letters(ordersProjection)), ...(await letters(webhooksProjection))];
  });
  telemetry.gauge('hub.orders.overdue', async () => {
    const record = await readProjectionRecord(ordersProjection.name, documents);
    return [[record?.counts['overdue'] ?? 0] as const];
  });
};
