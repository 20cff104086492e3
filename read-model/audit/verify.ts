import type { AuditFault } from '@sagahub/contracts/api/operations-views.ts';
import { chainHash, chainStart, decodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { findFirst } from './find-row.ts';
import type { RawSource } from './raw-events.ts';

export interface VerifyOptions {
  /** Positions are 1, 2, 3 …, and the source holds all of them: a missing one was removed. */
  readonly dense: boolean;
  /** The log has held at least this much (a projection's checkpoint, a former report): less means that its end was removed. */
  readonly atLeast?: bigint;
  readonly signal?: AbortSignal;
}

/** A fault as the source's numbers tell it. */
export type Fault = Omit<AuditFault, 'position' | 'ordinal'> & { readonly position: bigint };

export interface Verification {
  readonly events: number;
  readonly streams: number;
  /** Of the last event checked. */
  readonly head: bigint;
  readonly finished: boolean;
  /** The first event edited, removed or moved. */
  readonly fault?: Fault;
}

/** Events between two reports. */
const REPORT_EVERY = 10_000;

interface Chain {
  revision: number;
  hash: string;
}

/**
 * Recomputes the hash chain of every stream over the whole log and stops at the first event that was edited, removed or moved. Reports
 * now and then, and once more when finished. Memory grows with the number of streams, not of events.
 *
 * What it cannot know from the log alone: that its very end was removed, or that everything from an event on was written anew by someone
 * who recomputed the hashes. `atLeast` covers the first; heads kept elsewhere cover both.
 */
export async function* verifyLog(source: RawSource, options: VerifyOptions): AsyncGenerator<Verification> {
  const chains = new Map<string, Chain>();
  let [events, head] = [0, 0n];
  const report = (finished: boolean, fault?: Fault): Verification => ({
    events,
    streams: chains.size,
    head,
    finished,
    ...(fault && { fault }),
  });
  for await (const event of source()) {
    const fault = await faultOf(event, head, chains, source, options);
    if (fault) return yield report(true, fault);
    chains.set(event.stream, { revision: event.revision, hash: event.hash });
    head = event.position;
    events += 1;
    if (events % REPORT_EVERY !== 0) continue;
    options.signal?.throwIfAborted();
    yield report(false);
  }
  const { atLeast } = options;
  const cut = atLeast !== undefined && head < atLeast;
  yield report(
    true,
    cut
      ? { kind: 'removed', position: head + 1n, detail: `the log ends at ${head} and has held ${atLeast}: its end was removed` }
      : undefined,
  );
}

const faultOf = async (
  event: RawEvent,
  head: bigint,
  chains: ReadonlyMap<string, Chain>,
  source: RawSource,
  { dense }: VerifyOptions,
): Promise<Fault | undefined> => {
  const { position, stream, revision } = event;
  if (position <= head) return { kind: 'moved', position, stream, revision, detail: `position ${position} stands behind position ${head}` };
  if (dense && position !== head + 1n) return missingPosition(head + 1n, chains, source);
  const chain = chains.get(stream);
  const expected = (chain?.revision ?? -1) + 1;
  const previous = chain?.hash ?? chainStart(stream);
  if (revision !== expected) return wrongRevision(event, expected, previous, source);
  if (chainHash(previous, event.bytes) === event.hash) return unreadable(event);
  return brokenLink(event, previous, source);
};

/** Whose event stood there is told by the first stream that lacks one. */
const missingPosition = async (position: bigint, chains: ReadonlyMap<string, Chain>, source: RawSource): Promise<Fault> => {
  const next = new Map<string, number>();
  const gap = await findFirst(source, (event) => {
    if (event.position <= position) return false;
    const expected = next.get(event.stream) ?? (chains.get(event.stream)?.revision ?? -1) + 1;
    next.set(event.stream, event.revision + 1);
    return event.revision > expected;
  });
  if (!gap) return { kind: 'removed', position, detail: `there is no event at position ${position}: it was removed` };
  const revision = (chains.get(gap.stream)?.revision ?? -1) + 1;
  const detail = `there is no event at position ${position}, and ${gap.stream} lacks revision ${revision}: it was removed`;
  return { kind: 'removed', position, stream: gap.stream, revision, detail };
};

const wrongRevision = async (event: RawEvent, expected: number, previous: string, source: RawSource): Promise<Fault> => {
  const { position, stream } = event;
  const displaced = await findFirst(source, (other) => other.stream === stream && chainHash(previous, other.bytes) === other.hash);
  const place = { position, stream, revision: expected };
  if (displaced)
    return {
      ...place,
      kind: 'moved',
      detail: `the event that belongs here stands at position ${displaced.position} as revision ${displaced.revision}`,
    };
  if (event.revision > expected)
    return { ...place, kind: 'removed', detail: `${stream} goes on with revision ${event.revision}: revision ${expected} was removed` };
  return { ...place, kind: 'moved', detail: `${stream} goes on with revision ${event.revision}, which it had before` };
};

/** The bytes do not lead to the stored hash: either they were changed, or another event belongs here. */
const brokenLink = async (event: RawEvent, previous: string, source: RawSource): Promise<Fault> => {
  const { position, stream, revision } = event;
  const displaced = await findFirst(source, (other) => {
    if (other.position === position) return false;
    const hash = chainHash(previous, other.bytes);
    return hash === other.hash || hash === event.hash;
  });
  if (displaced)
    return {
      kind: 'moved',
      position,
      stream,
      revision,
      detail: `the event that belongs here stands at position ${displaced.position} (${displaced.stream} ${displaced.revision})`,
    };
  return { kind: 'edited', position, stream, revision, detail: 'its bytes, its hash or its stream are not those that were written' };
};

/** The chain holds, and yet nobody can read it: written so by a fault, or by someone who recomputed the hash. */
const unreadable = ({ bytes, position, stream, revision }: RawEvent): Fault | undefined => {
  if (bytes.startsWith('{"time":"')) return undefined;
  try {
    decodeEvent(bytes);
    return undefined;
  } catch {
    return { kind: 'unreadable', position, stream, revision, detail: 'its hash is right and its bytes are no event' };
  }
};
