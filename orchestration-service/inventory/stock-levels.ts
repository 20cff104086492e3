import { PreconditionFailedError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type StockLevelApplied, type StockLevelSet, stockStream } from '@sagahub/contracts/messages/inventory.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { StockLevel } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { type Act, appendEach, chunksOf, newEvent, type Step } from './loading.ts';
import type { UnfinishedLoads } from './unfinished-loads.ts';

export interface LoadedLevel {
  readonly sku: string;
  readonly available: string;
  /** Of free and held together, signed. */
  readonly change: string;
  /** Of the `StockLevelSet`. */
  readonly revision: number;
}
/** What the caller believes was loaded last: a revision, `*` for anything, `undefined` for no belief. */
export type Match = number | '*' | undefined;

type StockPorts = Pick<Ports, 'store' | 'stock' | 'clock'> & { readonly unfinished?: UnfinishedLoads };

/**
 * A load takes three steps, each of which may be the last before a crash or before the tables are away; whatever is missing is made up by
 * the next load of the SKU, at the next start, or as soon as it can be ({@link settleLevels}):
 *
 * 1. `StockLevelSet` is appended: the load is a fact.
 * 2. The table is brought to it. Doing so twice answers the same.
 * 3. `StockLevelApplied` states the change it turned out to be, from which the table can be rebuilt.
 *
 * @throws PreconditionFailedError `match` names another load than the last
 */
export const loadLevels = async (
  ports: StockPorts,
  levels: readonly { readonly sku: string; readonly available: string }[],
  act: Act,
  match?: Match,
): Promise<readonly LoadedLevel[]> => {
  const loaded: LoadedLevel[] = [];
  for (const chunk of chunksOf(levels)) {
    const steps = await stepsOf(ports, chunk, act, match);
    const load = async () => settleLevels(ports, await setLevels(ports, chunk, steps, act, match), act);
    const streams = steps.map(({ stream }) => stream);
    loaded.push(...(await (ports.unfinished?.attempt(streams, load) ?? load())));
  }
  return loaded;
};

const stepsOf = async (
  { stock, clock }: StockPorts,
  levels: readonly { readonly sku: string; readonly available: string }[],
  act: Act,
  match: Match,
): Promise<readonly Step[]> => {
  const known = new Map((await stock.balances({ skus: levels.map(({ sku }) => sku) })).map(({ sku, revision }) => [sku, revision]));
  return levels.map(({ sku, available }) => {
    const revision = known.get(sku);
    assertMatch(sku, match, revision);
    const body: StockLevelSet = { type: 'StockLevelSet', data: { sku, available, by: act.by } };
    // A level that was applied has its `StockLevelApplied` behind it.
    return {
      stream: stockStream(sku),
      expectedRevision: revision === undefined ? NO_STREAM : revision + 1,
      event: () => newEvent(body, act, clock.now()),
    };
  });
};

const setLevels = async (
  { store, stock, clock }: StockPorts,
  levels: readonly { readonly sku: string; readonly available: string }[],
  steps: readonly Step[],
  act: Act,
  match: Match,
): Promise<readonly StockLevel[]> => {
  const revisions = await appendEach(store, steps, async (place) => {
    const { sku } = levels[place]!;
    const events = await store.readStream(stockStream(sku));
    assertMatch(sku, match, events.findLast(isSet)?.revision);
    const unsettled = unsettledLevel(events);
    if (unsettled) await settleLevels({ store, stock, clock }, [unsettled], act);
    return (await store.readStream(stockStream(sku), { from: events.length })).at(-1)?.revision ?? events.length - 1;
  });
  return levels.map(({ sku, available }, place) => ({ sku, available, revision: revisions[place]! }));
};

/** Brings the table to levels that are set, and records what that changed; both unless it was done before. */
export const settleLevels = async (
  { store, stock, clock }: StockPorts,
  levels: readonly StockLevel[],
  act: Act,
): Promise<readonly LoadedLevel[]> => {
  const changes = await stock.setLevels(levels);
  const loaded = levels.map((level, place) => ({ ...level, change: changes[place]!.change }));
  const steps = loaded.map(({ sku, change, revision }) => {
    const body: StockLevelApplied = { type: 'StockLevelApplied', data: { sku, change, levelRevision: revision } };
    return { stream: stockStream(sku), expectedRevision: revision, event: () => newEvent(body, act, clock.now()) };
  });
  await appendEach(store, steps, async (place, actual) => {
    const { sku, revision } = loaded[place]!;
    const since = await store.readStream(stockStream(sku), { from: revision + 1, to: actual });
    return since.some((event) => isApplied(event) && event.data.levelRevision === revision) ? undefined : actual;
  });
  return loaded;
};

/** The last level of a stream, when nothing says that it was applied. */
export const unsettledLevel = (events: readonly RecordedEvent<string, any>[]): StockLevel | undefined => {
  const set = events.findLast(isSet);
  if (!set || events.some((event) => isApplied(event) && event.data.levelRevision === set.revision)) return undefined;
  return { sku: set.data.sku, available: set.data.available, revision: set.revision };
};

type Recorded<Body extends { type: string; data: object }> = RecordedEvent<Body['type'], Body['data']>;
export const isSet = (event: RecordedEvent<string, any>): event is Recorded<StockLevelSet> => event.type === 'StockLevelSet';
export const isApplied = (event: RecordedEvent<string, any>): event is Recorded<StockLevelApplied> => event.type === 'StockLevelApplied';

const assertMatch = (sku: string, match: Match, revision: number | undefined): void => {
  if (match === undefined || match === revision || (match === '*' && revision !== undefined)) return;
  throw new PreconditionFailedError(`the stock of ${sku}`, revision === undefined ? '(none: no level was ever set)' : `"${revision}"`);
};
