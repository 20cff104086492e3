import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { Counter } from '@sagahub/contracts/ports/telemetry.ts';
import type { ItemOutcome, ItemSent, RedriveItem } from '@sagahub/contracts/messages/redrive.ts';
import { REDRIVE_PAGE } from '@sagahub/contracts/messages/redrive.ts';
import { findLetter, findLetters } from '../admin/dead-letter-list.ts';
import { type Acted, type ActingPorts, actOnItem, findAct, outcomeSince, rehearse } from './acting.ts';
import type { RedriveCommand } from './flow.ts';
import { itemOf, type Job, type RedriveState } from './state.ts';

export interface RedriveWorkerPorts extends ActingPorts {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  /** Items by outcome. */
  readonly settled: Counter;
}

/** Items are let go in portions, so often. */
const PORTION_MS = 500;
/** Items under way at once: a third party that is away again gets no more than these. */
const WINDOW = 500;
/** Streams acted on at once. */
const AT_ONCE = 16;
/** How soon what is under way is looked at again; less and less often while nothing comes of it: a breaker may be open for days. */
const POLL_MS = { least: 250, most: 10_000 };
/** More items than this are refused. */
export const MAX_ITEMS = 100_000;
const ACTOR = 'hub';

/**
 * Moves one job on by one step: a page of items found, or a portion acted on and what came of those before. Everything is recorded in the
 * job's stream at the step it was seen at; a crash before that repeats the step, and acting twice is prevented by the objects' streams.
 */
export const redriveWorker = (ports: RedriveWorkerPorts) => async (hint: Hint) => {
  const { state } = await ports.runtime.load<RedriveState>(hint.stream);
  if (state.status === 'none') return;
  const command = state.status === 'listing' ? await nextPage(ports, state) : await nextPortion(ports, state);
  if (!command) return ports.runtime.defer(hint, nextLookMs(state, ports.clock.now()));
  const { events } = await ports.runtime.execute(hint.stream, { ...command }, { actor: ACTOR });
  if (command.type === 'Progress' && events.length > 0) for (const { outcome } of command.outcomes) ports.settled.add(1, { outcome });
};

/** When a job without news is looked at again: after a quarter of the time that it has been without. */
export const nextLookMs = ({ underWay, nextAtMs }: Pick<Job, 'underWay' | 'nextAtMs'>, nowMs: number): number => {
  if (underWay.length === 0) return Math.max(nowMs + POLL_MS.least, nextAtMs);
  return nowMs + Math.min(POLL_MS.most, Math.max(POLL_MS.least, (nowMs - nextAtMs) / 4));
};

/** The next items. Only letters that had failed when the job was asked for: what the job itself makes fail again is none of it. */
const nextPage = async ({ documents }: RedriveWorkerPorts, job: Job): Promise<RedriveCommand> => {
  const { progress: expected, cursor, total, request } = job;
  const items: RedriveItem[] = [];
  let next = cursor;
  do {
    const limit = Math.min(REDRIVE_PAGE - items.length, MAX_ITEMS - total - items.length);
    const page = request.deadLetterIds
      ? await namedLetters(documents, request.deadLetterIds, Number(next ?? 0), limit)
      : await findLetters(documents, {
          ...request.filter,
          to: earlier(request.filter?.to, job.requestedAt),
          state: 'open',
          limit,
          cursor: next,
        });
    items.push(...page.items.map(refOf));
    next = total + items.length < MAX_ITEMS ? page.next : undefined;
  } while (next !== undefined && items.length < REDRIVE_PAGE);
  return { type: 'AddItems', expected, items, ...(next !== undefined && { next }) };
};

const earlier = (to: string | undefined, requestedAt: string): string => (to !== undefined && to < requestedAt ? to : requestedAt);

const namedLetters = async (documents: DocumentStore, ids: readonly string[], from: number, limit: number) => {
  const found = await Promise.all(ids.slice(from, from + limit).map((id) => findLetter(documents, id)));
  return {
    items: found.filter((letter) => letter !== undefined),
    ...(from + limit < ids.length && { next: String(from + limit) }),
  };
};

const refOf = ({ deadLetterId, origin, flow, stream, objectId, orderNumber, partnerId, step }: RedriveItem): RedriveItem => ({
  deadLetterId,
  origin,
  flow,
  stream,
  objectId,
  partnerId,
  step,
  ...(orderNumber !== undefined && { orderNumber }),
});

/** `undefined`: nothing new; look again later. */
const nextPortion = async (ports: RedriveWorkerPorts, job: Job): Promise<RedriveCommand | undefined> => {
  const nowMs = ports.clock.now();
  const outcomes: ItemOutcome[] = [];
  await inTurns(job.underWay, async (sent) => {
    const outcome = await outcomeSince(ports, sent, itemOf(job, sent.item));
    if (outcome) outcomes.push(outcome);
  });
  const portion = portionOf(job, nowMs, job.underWay.length - outcomes.length);
  const sent: ItemSent[] = [];
  await inTurns(portion, async (item) => {
    const acted = await act(ports, job, item);
    if ('sent' in acted) sent.push(acted.sent);
    else outcomes.push(acted.outcome);
  });
  if (sent.length === 0 && outcomes.length === 0) return undefined;
  const { ratePerSecond } = job.request;
  const paced = job.status === 'running' ? (portion.length * 1_000) / ratePerSecond : 0;
  const nextAt = new Date(Math.ceil(Math.max(nowMs, job.nextAtMs) + paced)).toISOString();
  return { type: 'Progress', expected: job.progress, sent, outcomes, nextAt };
};

/** Numbers of the items whose turn it is. */
const portionOf = ({ status, request, next, total, nextAtMs }: Job, nowMs: number, underWay: number): readonly number[] => {
  const size = (): number => {
    if (status === 'cancelling') return REDRIVE_PAGE;
    if (status !== 'running' || nowMs < nextAtMs) return 0;
    return Math.min(Math.max(1, Math.floor((request.ratePerSecond * PORTION_MS) / 1_000)), WINDOW - underWay);
  };
  const count = Math.min(size(), total - next);
  return count > 0 ? Array.from({ length: count }, (_, place) => next + place) : [];
};

const act = async (ports: RedriveWorkerPorts, job: Job, item: number): Promise<Acted> => {
  const ref = itemOf(job, item);
  if (job.request.dryRun) return { outcome: job.status === 'cancelling' ? cancelledItem(item) : await rehearse(ports, item, ref) };
  if (job.status !== 'cancelling') return actOnItem(ports, job.request, item, ref);
  // It may have been acted on, by a worker that died before it could say so.
  return (await findAct(ports, job.request, item, ref)) ?? { outcome: cancelledItem(item) };
};

const cancelledItem = (item: number): ItemOutcome => ({ item, outcome: 'skipped', why: 'the redrive was cancelled' });

const inTurns = async <Item>(items: readonly Item[], handle: (item: Item) => Promise<void>): Promise<void> => {
  let next = 0;
  const work = async () => {
    for (let index = next++; index < items.length; index = next++) await handle(items[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
};
