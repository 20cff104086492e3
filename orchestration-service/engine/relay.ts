import { aborted } from '@sagahub/contracts/aborted.ts';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { LogOutOfReachError, watchLog } from '@sagahub/contracts/log-watch.ts';
import { Patience } from '@sagahub/contracts/patience.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Hint, MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { ClaimedItem, RelayedItem, WorkItem } from '@sagahub/contracts/ports/open-work.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import { OPERATOR_QUEUE, type PendingStep } from '@sagahub/contracts/saga.ts';
import { pendingSteps } from './folding.ts';
import { HELD_LEASE_MS } from './held-hints.ts';
import type { StreamRuntime } from './runtime.ts';

/**
 * How long a hinted step is left alone before its hint counts as lost and it is hinted again, unless hints wait at the broker: then it is
 * likely among them. Whoever has the hint makes the lease last ({@link HELD_LEASE_MS}).
 */
export const HINT_LEASE_MS = 6_000;
/** Time that a hint takes to leave the broker while workers are there; a tenth of it is usual. */
const AT_MOST_PER_HINT_MS = 2;
/** How often due rows are looked for. Also the resolution of retries and deadlines. */
const SWEEP_EVERY_MS = 100;
const SWEEP_LIMIT = 1_000;
const BATCH = 500;
/** Streams whose hints are remembered, at least: a backlog of work may be of millions. */
const HINTED = 20_000;

/** After a failure (disk full, engine away) the log is followed again from the checkpoint, or the bus tried again, this much later. */
const RESTART_DELAY_MS = 1_000;

export interface Relay extends AsyncDisposable {
  /** Why nothing is relayed at the moment; `undefined` while all is well. */
  readonly failure: Error | undefined;
}

/**
 * Turns the log into work: follows it from its checkpoint, folds each stream that moved, replaces the stream's rows of open work, and
 * hints what is due. The sweeper beside it hints rows whose time comes later, or whose hint was lost. Every process runs for it, one
 * leads at a time; a predecessor that wakes up late cannot move the rows any more.
 */
export const startRelay = (runtime: StreamRuntime): Relay => {
  let failure: Error | undefined;
  const fail = (error: Error | undefined): void => void (failure = error);
  const broker: Broker = { through: true };
  const candidacy = runtime.ports.leadership.lead('relay', (term) => relayTerm(runtime, term, broker, fail));
  return {
    get failure() {
      return failure;
    },
    [Symbol.asyncDispose]: () => candidacy[Symbol.asyncDispose](),
  };
};

/** What this process knows of the broker, over its terms. */
interface Broker {
  /** Did the last hints get through? While they do not, rows stay due, and the sweeper tries with one. */
  through: boolean;
}

/** Relays until the term is over, or this process has not reached the broker or the log for too long. */
const relayTerm = async (runtime: StreamRuntime, term: Term, broker: Broker, fail: (error: Error | undefined) => void): Promise<void> => {
  const { store, openWork, bus, clock, telemetry } = runtime.ports;
  const resigning = new AbortController();
  const signal = AbortSignal.any([term.signal, resigning.signal]);
  const [ofBroker, ofLog] = [new Patience(clock), new Patience(clock)];
  const resign = (why: string): void => {
    telemetry.logger.warn('the relay gives the lead up; another process may reach what this one does not', { reason: why });
    resigning.abort();
  };
  /** `step attempt` of the rows already hinted, per stream that moved lately. What is forgotten may be hinted twice, and is done once all the same. */
  const hinted = new RecentMap<string, readonly string[]>(HINTED);

  /** Work whose hint did not get through is due at once, instead of after the lease of a hint that is lost. */
  const publish = async (hints: readonly Hint[]): Promise<void> => {
    try {
      await bus.publish(hints);
      ofBroker.regain();
      broker.through = true;
    } catch (error) {
      if (!(error instanceof HubError && error.retryable)) throw error;
      if (broker.through)
        telemetry.logger.warn('hints do not get through; they are sent again', { hints: hints.length, reason: error.message });
      broker.through = false;
      if (ofBroker.isLost()) resign(error.message);
      for (const hint of hints) await openWork.defer(hint, clock.now());
    }
  };

  const onEvents = async (events: readonly RecordedEvent[]): Promise<void> => {
    const nowMs = clock.now();
    const hints: Hint[] = [];
    const changes: { stream: string; revision: number; items: RelayedItem[] }[] = [];
    for (const [stream, news] of byStream(events)) {
      const folded = await runtime.follow(stream, news);
      const rows = pendingSteps(folded);
      const before = hinted.get(stream) ?? [];
      const items = rows.map((row) => {
        const due = row.dueAtMs <= nowMs && row.queue !== OPERATOR_QUEUE && broker.through;
        // One that was hinted before keeps the lease it has, or the time that its worker put it off to.
        const isNew = due && !before.includes(keyOf(row));
        if (isNew) hints.push({ queue: row.queue, stream, step: row.step, attempt: row.attempt, partnerId: folded.partnerId });
        return { ...workItem(folded, row), ...(isNew && { leasedUntilMs: nowMs + HINT_LEASE_MS }) };
      });
      changes.push({ stream, revision: folded.revision, items });
      if (rows.length === 0) {
        hinted.delete(stream);
        runtime.forget(stream);
      } else if (broker.through) {
        const keys = rows.filter((row) => row.dueAtMs <= nowMs && row.queue !== OPERATOR_QUEUE).map(keyOf);
        // What waits for a time or for an operator may do so for days, and takes no memory meanwhile.
        if (keys.length > 0) hinted.set(stream, keys);
        else hinted.delete(stream);
      }
    }
    await openWork.apply(changes, events.at(-1)!.position, term);
    ofLog.regain();
    if (hints.length > 0) await publish(hints);
  };

  const sweep = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const due = await openWork.claimDue(clock.now(), broker.through ? SWEEP_LIMIT : 1, HINT_LEASE_MS);
        // One that tries whether the broker is there goes out, whatever waits there.
        const lost = broker.through ? await withoutWaiting(runtime.ports, due) : due;
        if (lost.length > 0) await publish(lost.map(hintOf));
        if (due.length === SWEEP_LIMIT) continue;
      } catch (error) {
        telemetry.logger.warn('due work could not be looked up; trying again', { reason: String(error) });
      }
      await clock.sleep(broker.through ? SWEEP_EVERY_MS : RESTART_DELAY_MS, signal);
    }
  };

  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const after = await openWork.checkpoint();
        hinted.clear();
        await using subscription = store.subscribe({ after, categories: runtime.categories, batchSize: BATCH, onEvents });
        fail(undefined);
        using watch = watchLog(runtime.ports);
        await Promise.race([subscription.done, aborted(signal), watch.lost]);
      } catch (error) {
        if (signal.aborted) return;
        fail(error instanceof Error ? error : new Error('unknown', { cause: error }));
        telemetry.logger.error('the relay stumbled; it goes on from its checkpoint', {}, error);
        if (error instanceof LogOutOfReachError || ofLog.isLost()) return resign(String(error));
        await clock.sleep(RESTART_DELAY_MS, signal);
      }
    }
  };

  await Promise.all([follow(), sweep()]);
  fail(undefined);
};

/** Without those whose hints are probably waiting at the broker. They are left alone until the line should have moved on by all that is in it. */
const withoutWaiting = async ({ bus, openWork, clock }: Pick<Ports, 'bus' | 'openWork' | 'clock'>, due: readonly ClaimedItem[]) => {
  const lost: ClaimedItem[] = [];
  for (const [leasedIn, items] of Map.groupBy(due, ({ queue, wasLeased }) => (wasLeased ? queue : undefined))) {
    const backlog = leasedIn === undefined ? 0 : await backlogOf(bus, leasedIn);
    if (backlog === 0) lost.push(...items);
    else await openWork.renew(items, clock.now() + Math.min(HELD_LEASE_MS, HINT_LEASE_MS + backlog * AT_MOST_PER_HINT_MS));
  }
  return lost;
};

/** None of a broker that is away: publishing to it will tell. */
const backlogOf = async (bus: MessageBus, queue: string): Promise<number> => {
  try {
    return await bus.backlog(queue);
  } catch (error) {
    if (error instanceof HubError && error.retryable) return 0;
    throw error;
  }
};

const hintOf = ({ queue, stream, step, attempt, partnerId }: WorkItem): Hint => ({ queue, stream, step, attempt, partnerId });

const keyOf = (row: PendingStep): string => `${row.step} ${row.attempt}`;

const workItem = (folded: Folded, row: PendingStep): WorkItem => ({
  stream: folded.stream,
  step: row.step,
  queue: row.queue,
  partnerId: folded.partnerId,
  attempt: row.attempt,
  dueAtMs: row.dueAtMs,
  sinceMs: row.sinceMs,
  revision: folded.revision,
  sagaVersion: folded.flow.pinnedVersion(folded.state) ?? 0,
});

const byStream = (events: readonly RecordedEvent[]): Map<string, RecordedEvent[]> => {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const known = streams.get(event.stream);
    if (known) known.push(event);
    else streams.set(event.stream, [event]);
  }
  return streams;
};
