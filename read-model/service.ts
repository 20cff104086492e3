import { ORDER } from '@sagahub/contracts/messages/order.ts';
import type { Attributes } from '@sagahub/contracts/ports/telemetry.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { HealthCheck, Ports, Service } from '@sagahub/contracts/service.ts';
import { ChangeFeed } from './change-feed.ts';
import type { ReadModelConfig } from './config.ts';
import { LogCursors } from './log-cursor.ts';
import { readProjectionRecord } from './projection-record.ts';
import { Projector } from './projector.ts';
import { type BreakerDocument, BREAKERS } from './projections/breaker.ts';
import { FLOW_VIEWS } from './flows.ts';
import { ordersProjection, PROJECTIONS } from './projections/index.ts';
import type { Projection } from './projections/projection.ts';
import type { OpenBreakers } from './queries/flow-view.ts';
import type { QueryContext } from './queries/query-context.ts';
import { statsQuery } from './queries/stats-query.ts';
import { countWork, type WorkCount, workInFlight } from './queries/work.ts';
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
  const projectors: Projector[] = [];
  for (const projection of PROJECTIONS) projectors.push(started.use(await Projector.start(projection, ports, options)));
  const rebuilds = new Rebuilds(ports);
  await rebuilds.resume(projectors);
  observe(ports, projectors);
  observeWork(ports, () => openBreakers(ports));
  const cursors = new LogCursors(ports.store.logId);
  const feed = started.use(
    new ChangeFeed(
      ports,
      FLOW_VIEWS.map(({ fold }) => fold.category),
    ),
  );
  const context: QueryContext = {
    ...ports,
    runtime,
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

/** Objects looked at for a scrape, received first first: their ages are what matters, and a backlog must not be read for every scrape. */
const OBSERVED = 1_000;
/** The gauges of one scrape are asked within this time. */
const SCRAPE_MS = 500;

/** What waits, by flow, state and cause, with the age of the oldest; that of orders under names of its own. */
const observeWork = ({ telemetry, documents, clock }: Ports, breakers: () => Promise<OpenBreakers>): void => {
  let latest: { readonly atMs: number; readonly counted: Promise<readonly WorkCount[]> } | undefined;
  /** Once for all gauges of a scrape. */
  const counted = () => {
    const atMs = clock.now();
    if (!latest || atMs - latest.atMs > SCRAPE_MS) latest = { atMs, counted: count(atMs) };
    return latest.counted;
  };
  // Each flow by itself: a backlog of one must not hide the others.
  const count = async (atMs: number) => {
    const open = await breakers();
    const each = await Promise.all(FLOW_VIEWS.map((view) => countWork(workInFlight([view], documents, open, atMs), OBSERVED)));
    return each.flatMap(({ counts }) => counts);
  };
  const ageOf = ({ oldestSince }: WorkCount) => Math.max(0, (clock.now() - Date.parse(oldestSince)) / 1_000);
  const gauges = [
    { number: METRICS.workInFlight.name, age: METRICS.workOldestAge.name, flows: undefined },
    { number: METRICS.ordersInFlight.name, age: METRICS.ordersOldestAge.name, flows: ORDER },
  ];
  for (const { number, age, flows } of gauges) {
    const measured = async (measure: (one: WorkCount) => number) =>
      (await counted())
        .filter(({ flow }) => flows === undefined || flow === flows)
        .map((one) => [measure(one), { ...(flows === undefined && { flow: one.flow }), state: one.state, cause: one.cause }] as const);
    telemetry.gauge(number, () => measured((one) => one.count));
    telemetry.gauge(age, () => measured(ageOf));
  }
};

const observe = ({ telemetry, documents }: Ports, projectors: readonly Projector[]): void => {
  const each = async (measure: (projector: Projector) => number | Promise<number>) =>
    Promise.all(projectors.map(async (one) => [await measure(one), { projection: one.projection.name }] as const));
  telemetry.gauge('hub.projection.lag', () => each(async (one) => (await one.status()).lagEvents));
  telemetry.gauge('hub.projection.lag.seconds', () => each(async (one) => (await one.status()).lagSeconds));
  telemetry.gauge('hub.projection.parked', () => each(async (one) => (await one.status()).parked.length));
  const counted = async ({ name }: Projection, prefix: string, attributes: (name: string) => Attributes) => {
    const { counts = {} } = (await readProjectionRecord(name, documents)) ?? {};
    return Object.entries(counts).flatMap(([counter, count]) =>
      counter.startsWith(prefix) ? [[count, attributes(counter.slice(prefix.length))] as const] : [],
    );
  };
  telemetry.gauge('hub.saga.states', async () =>
    (
      await Promise.all(
        FLOW_VIEWS.map(({ projection, fold }) => counted(projection, 'state:', (state) => ({ saga: fold.category, state }))),
      )
    ).flat(),
  );
  telemetry.gauge('hub.dead_letters', async () => {
    const letters = await Promise.all(PROJECTIONS.map((projection) => counted(projection, 'dead-letter:', (origin) => ({ origin }))));
    return summed(letters.flat());
  });
  for (const [name, counter] of [
    [METRICS.ordersOverdue.name, 'overdue'],
    [METRICS.ordersStuck.name, 'status:stuck'],
  ] as const)
    telemetry.gauge(name, async () => {
      const record = await readProjectionRecord(ordersProjection.name, documents);
      return [[record?.counts[counter] ?? 0] as const];
    });
};

/** Letters of one origin may lie with several projections. */
const summed = (counts: readonly (readonly [count: number, attributes: Attributes])[]) =>
  [...Map.groupBy(counts, ([, { origin = '' }]) => origin)].map(
    ([origin, same]) => [same.reduce((sum, [count]) => sum + count, 0), { origin }] as const,
  );
