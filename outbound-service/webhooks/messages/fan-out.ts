import { aborted } from '@sagahub/contracts/aborted.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { SUBSCRIPTION } from '@sagahub/contracts/messages/webhook.ts';
import { LogOutOfReachError, watchLog } from '@sagahub/contracts/log-watch.ts';
import { Patience } from '@sagahub/contracts/patience.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { EventStore, Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership, Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { goingOnAt } from '../../going-on.ts';
import { FACE_CATEGORIES, faceOf } from '../flows.ts';
import { SubscriptionRegistry } from '../subscriptions/registry.ts';
import { wants } from '../subscriptions/state.ts';
import type { MessageBodies } from './bodies.ts';
import { type MessageRequests, type Wanted, wantedOf } from './requests.ts';

/** Name of the leadership, and of the checkpoint among those of the projections. */
const FAN_OUT = 'webhook-fan-out';
/** Repeating what lies behind an old checkpoint adds nothing, so it is moved now and then. */
const CHECKPOINT_EVERY_MS = 3_000;
const RESTART_DELAY_MS = 1_000;
const BATCH = 500;

interface FanOutPorts {
  readonly store: EventStore;
  readonly documents: Pick<DocumentStore, 'takeOver' | 'write'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface FanOut extends AsyncDisposable {
  /** Why nobody is told anything at the moment; `undefined` while all is well. */
  readonly failure: Error | undefined;
}

/**
 * Follows the log and writes down which subscription gets which message. Subscriptions are folded from the same feed, in the order of the
 * log: an event goes to those who had subscribed when it happened, whenever it is read, so reading it twice asks for the same messages.
 * Every process runs for it, one leads at a time; two that overlap do the same work and write it once.
 */
export const startFanOut = (ports: FanOutPorts, requests: MessageRequests, bodies: MessageBodies): FanOut => {
  let failure: Error | undefined;
  const candidacy = ports.leadership.lead(FAN_OUT, async (term) => {
    const patience = new Patience(ports.clock);
    while (!term.signal.aborted) {
      try {
        await followLog(ports, requests, bodies, term, patience, () => (failure = undefined));
      } catch (error) {
        if (term.signal.aborted) break;
        failure = error instanceof Error ? error : new Error('unknown', { cause: error });
        ports.telemetry.logger.error('webhooks stumbled; they go on from their checkpoint', {}, error);
        if (error instanceof LogOutOfReachError || patience.isLost()) break;
        await ports.clock.sleep(RESTART_DELAY_MS, term.signal);
      }
    }
    failure = undefined; // another one's to tell
  });
  return {
    get failure() {
      return failure;
    },
    [Symbol.asyncDispose]: () => candidacy[Symbol.asyncDispose](),
  };
};

const followLog = async (
  ports: FanOutPorts,
  requests: MessageRequests,
  bodies: MessageBodies,
  term: Term,
  patience: Patience,
  onWell: () => void,
): Promise<void> => {
  const { store, documents } = ports;
  let after = await goingOnAt(await documents.takeOver(FAN_OUT, term), store);
  const registry = await SubscriptionRegistry.read(store, after);
  while (!term.signal.aborted) {
    // Without subscribers the objects' events are not even read.
    const withObjects = registry.hasEnabled;
    const onEvents = async (events: readonly RecordedEvent[]): Promise<void> => {
      const wanted: Wanted[] = [];
      for (const event of events) {
        after = event.position;
        if (faceOf(event.stream)) wanted.push(...messagesFor(registry, bodies, event));
        else registry.apply([event]);
        if (registry.hasEnabled !== withObjects) break;
      }
      if (wanted.length > 0) await requests.write(wanted);
      patience.regain();
      if (registry.hasEnabled !== withObjects) throw new OtherEventsWanted();
    };
    await using feed = store.subscribe({
      after,
      categories: withObjects ? [...FACE_CATEGORIES, SUBSCRIPTION] : [SUBSCRIPTION],
      batchSize: BATCH,
      onEvents,
    });
    onWell();
    using watch = watchLog(ports);
    const ended = new AbortController();
    try {
      await Promise.race([
        feed.done,
        aborted(term.signal),
        moveCheckpoint(ports, feed, term, AbortSignal.any([term.signal, ended.signal])),
        watch.lost,
      ]);
    } catch (error) {
      if (!(error instanceof OtherEventsWanted)) throw error;
    } finally {
      ended.abort();
    }
  }
};

/** Ends a subscription that reads too little, or more than anybody wants: the next one begins behind the event that was read last. */
class OtherEventsWanted extends Error {}

const moveCheckpoint = async ({ documents, clock }: FanOutPorts, feed: Subscription, term: Term, signal: AbortSignal): Promise<void> => {
  let moved = feed.position;
  while (!signal.aborted) {
    await clock.sleep(CHECKPOINT_EVERY_MS, signal);
    const { position } = feed;
    if (position > moved) await documents.write(FAN_OUT, [], position, undefined, term);
    moved = position;
  }
};

function* messagesFor(registry: SubscriptionRegistry, bodies: MessageBodies, event: RecordedEvent): Generator<Wanted> {
  const { partnerId = '' } = event.metadata;
  const subscriptions = registry.ofPartner(partnerId);
  if (subscriptions.length === 0) return;
  bodies.learn(event);
  const type = faceOf(event.stream)?.publicTypeOf(event);
  if (!type) return;
  for (const subscription of subscriptions) if (wants(subscription, partnerId, type)) yield wantedOf(subscription, event, type);
}
