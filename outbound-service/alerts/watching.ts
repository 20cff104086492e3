import { aborted } from '@sagahub/contracts/aborted.ts';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { categoryOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type AlertRaised, type AlertsFollowed, alertStream, ALERTS_STREAM } from '@sagahub/contracts/messages/alert.ts';
import { breakerStream } from '@sagahub/contracts/messages/hub.ts';
import { LogOutOfReachError, watchLog } from '@sagahub/contracts/log-watch.ts';
import { Patience } from '@sagahub/contracts/patience.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership, Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { alertLookingBack, alertOf } from './alert-of.ts';
import { goingOnAt } from '../going-on.ts';
import { ALERT_FACES } from './flows.ts';

/** Name of the leadership, and of the checkpoint among those of the projections. */
const ALERTS = 'alerts';
const CATEGORIES = [...ALERT_FACES.map(({ flow }) => flow), categoryOf(breakerStream(''))];
const BATCH = 500;
/** Repeating what lies behind an old checkpoint raises nothing twice, so it is moved now and then. */
const CHECKPOINT_EVERY_MS = 3_000;
const RESTART_DELAY_MS = 1_000;
const SCHEMA_VERSION = 1;

export interface WatchPorts {
  readonly store: EventStore;
  readonly documents: Pick<DocumentStore, 'takeOver' | 'write'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, 'logger'>;
}

/**
 * Watches the log for what somebody is to be told, and raises each as a stream of its own, whose name follows from the event: read twice, after a
 * crash or beside another process, it is raised once. Begins at the end of the log when it is switched on, not with years that are past.
 */
export const watchForAlerts = (ports: WatchPorts): AsyncDisposable =>
  ports.leadership.lead(ALERTS, async (term) => {
    const patience = new Patience(ports.clock);
    while (!term.signal.aborted) {
      try {
        await watch(ports, term, patience);
      } catch (error) {
        if (term.signal.aborted) return;
        ports.telemetry.logger.error('the watch for alerts stumbled; it goes on from its checkpoint', {}, error);
        if (error instanceof LogOutOfReachError || patience.isLost()) return;
        await ports.clock.sleep(RESTART_DELAY_MS, term.signal);
      }
    }
  });

const watch = async (ports: WatchPorts, term: Term, patience: Patience): Promise<void> => {
  const { store, documents, clock } = ports;
  const begun = await beginning(ports);
  const known = await goingOnAt(await documents.takeOver(ALERTS, term), store);
  let writtenAtMs = clock.now();
  await using feed = store.subscribe({
    after: known > begun ? known : begun,
    categories: CATEGORIES,
    batchSize: BATCH,
    onEvents: async (events) => {
      const raised = await raise(ports, events);
      if (!raised && clock.now() - writtenAtMs < CHECKPOINT_EVERY_MS) return;
      writtenAtMs = clock.now();
      await documents.write(ALERTS, [], events.at(-1)!.position, undefined, term);
      patience.regain();
    },
  });
  using look = watchLog(ports);
  await Promise.race([feed.done, aborted(term.signal), look.lost]);
};

/** From where on the log is watched: said once in the log, whatever becomes of the checkpoint. */
const beginning = async ({ store, clock }: WatchPorts): Promise<bigint> => {
  for (;;) {
    const [first] = await store.readStream(ALERTS_STREAM);
    if (first) return BigInt((first.data as AlertsFollowed['data']).from);
    const from = await store.lastPosition();
    const metadata = { time: new Date(clock.now()).toISOString(), correlationId: newId(), actor: 'hub', schemaVersion: SCHEMA_VERSION };
    const event = { id: newId(), type: 'AlertsFollowed', data: { from: String(from) }, metadata };
    try {
      await store.append({ stream: ALERTS_STREAM, expectedRevision: NO_STREAM, events: [event] });
      return from;
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
    }
  }
};

/** @returns whether there was anything */
const raise = async ({ store }: WatchPorts, events: readonly RecordedEvent[]): Promise<boolean> => {
  const alerts: { readonly alert: AlertRaised['data']; readonly event: RecordedEvent }[] = [];
  for (const [index, event] of events.entries()) {
    const alert = alertOf(store.logId, event) ?? (await alertLookingBack(store, event, events[index + 1]));
    if (alert && !(await isRepeated(store, event))) alerts.push({ alert, event });
  }
  if (alerts.length === 0) return false;
  const settled = await store.appendMany(
    alerts.map(({ alert, event: { metadata, id: causationId } }) => {
      const { time, correlationId, partnerId } = metadata;
      const about = { time, correlationId, causationId, ...(partnerId !== undefined && { partnerId }) };
      const raised = {
        id: newId(),
        type: 'AlertRaised',
        data: { ...alert },
        metadata: { ...about, actor: 'hub', schemaVersion: SCHEMA_VERSION },
      };
      return { stream: alertStream(alert.alertId), expectedRevision: NO_STREAM, events: [raised] };
    }),
  );
  for (const one of settled) if (one.status === 'rejected' && !(one.reason instanceof RevisionConflictError)) throw one.reason;
  return true;
};

/** A breaker that was open already: two replicas met the same outage, or a probe failed. */
const isRepeated = async (store: EventStore, { type, stream, revision }: RecordedEvent): Promise<boolean> => {
  if (type !== 'BreakerOpened' || revision === 0) return false;
  const [before] = await store.readStream(stream, { from: revision - 1, to: revision - 1 });
  return before?.type === 'BreakerOpened';
};
