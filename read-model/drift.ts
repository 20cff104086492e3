import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Difference, DriftReport } from '@sagahub/contracts/api/operations-views.ts';
import { objectIdOf, categoryOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { StoredDocument } from '@sagahub/contracts/ports/document-store.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { differingPaths } from './differing-paths.ts';
import type { Projector, Written } from './projector.ts';
import { categoriesOf, type Derived, type Fold, foldOf, type Projection } from './projections/projection.ts';

export interface DriftOptions {
  /** Compare one stream in this many. Default 1: all. */
  readonly every?: number;
  readonly signal?: AbortSignal;
}

type DriftPorts = Pick<Ports, 'store' | 'documents'>;

/** Events between two turns of the event loop, and two reports. */
const PAGE = 500;
/** Differences listed in a report; all are counted. */
const LISTED = 100;

/**
 * Folds streams from the log and compares them with the documents, at the revision each document has. Reports after every page of
 * the log, and once more when finished.
 */
export async function* drift(projector: Projector, ports: DriftPorts, options: DriftOptions = {}): AsyncGenerator<DriftReport> {
  const categories = categoriesOf(projector.projection);
  const differences: Difference[] = [];
  let [streams, begun, drifted] = [0, 0, 0];
  for (let after = LOG_START; ; ) {
    options.signal?.throwIfAborted();
    const written = await projector.written();
    const page = await ports.store.readAll({ after, limit: PAGE, categories });
    const beginnings = page.filter((event) => event.revision === 0 && event.position <= written.checkpoint);
    const chosen = beginnings.filter((_, place) => (begun + place) % (options.every ?? 1) === 0).map(({ stream }) => stream);
    begun += beginnings.length;
    streams += chosen.length;
    for (const found of await driftOf(projector.projection, written, ports, chosen)) {
      if (found.length > 0) drifted += 1;
      differences.push(...found.slice(0, LISTED - differences.length));
    }
    after = page.at(-1)?.position ?? after;
    const finished = page.length < PAGE;
    yield { streams, finished, drifted, differences: [...differences] };
    if (finished) return;
    await nextTurn();
  }
}

/** Streams compared at once: one by one each would wait for a round trip or two of its own. */
const AT_ONCE = 100;

/** How each stream's documents differ from its fold. @param written before: it is in the documents that are read here */
const driftOf = async (projection: Projection, written: Written, ports: DriftPorts, streams: readonly string[]) => {
  const found: (readonly Difference[])[] = [];
  for (let start = 0; start < streams.length; start += AT_ONCE) {
    const some = streams.slice(start, start + AT_ONCE);
    const documents = await documentsOf(projection, ports, some);
    found.push(...(await Promise.all(some.map((stream) => streamDrift(projection, written, ports, stream, documents.get(stream))))));
  }
  return found;
};

/** By stream, with one read of each collection. */
const documentsOf = async (projection: Projection, { documents }: DriftPorts, streams: readonly string[]) => {
  const byStream = new Map<string, StoredDocument>();
  for (const { category, collection } of projection.folds) {
    const own = streams.filter((stream) => categoryOf(stream) === category);
    if (own.length === 0) continue;
    const found = await documents.getMany(collection, own.map(objectIdOf));
    for (const [place, document] of found.entries()) if (document) byStream.set(own[place]!, document);
  }
  return byStream;
};

/** Empty when there is no difference. */
const streamDrift = async (
  projection: Projection,
  { checkpoint, parked }: Written,
  { store, documents }: DriftPorts,
  stream: string,
  document: StoredDocument | undefined,
): Promise<readonly Difference[]> => {
  const fold = foldOf(projection, categoryOf(stream));
  if (!fold) return [];
  const id = objectIdOf(stream);
  const events = await store.readStream(stream);
  const named = (kind: Difference['kind'], collection: string, name: string, paths: string[] = []) => [
    { collection, id: name, kind, paths },
  ];
  if (parked.has(stream)) return named('parked', fold.collection, id);
  if (!document) return named('missing', fold.collection, id);
  if (events.some(({ position, revision }) => position <= checkpoint && revision > document.revision))
    return named('behind', fold.collection, id);
  const { body, derived } = foldUpTo(fold, events, document.revision);
  const paths = differingPaths(body, document.body);
  if (paths.length > 0) return named('differs', fold.collection, id, paths);
  for (const expected of derived) {
    const found = await documents.get(expected.collection, expected.id);
    if (!found) return named('missing', expected.collection, expected.id);
    if (found.revision > document.revision) continue;
    const differing = differingPaths(expected.body, found.body);
    if (differing.length > 0) return named('differs', expected.collection, expected.id, differing);
  }
  return [];
};

const foldUpTo = (fold: Fold, events: readonly RecordedEvent[], revision: number) => {
  let body: object | undefined;
  const derived = new Map<string, Derived>();
  for (const event of events) {
    if (event.revision > revision) break;
    const before = body;
    const after: object = fold.apply(before, event);
    for (const item of fold.derive?.(before, after) ?? []) derived.set(`${item.collection}/${item.id}`, item);
    body = after;
  }
  return { body, derived: derived.values() };
};
