import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { watchLog } from '@sagahub/contracts/log-watch.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership, Term } from '@sagahub/contracts/ports/leadership.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { DeliveryState } from '../deliveries/state.ts';
import { FACE_CATEGORIES, faceOf } from '../flows.ts';
import type { SubscriptionDirectory } from '../subscriptions/directory.ts';
import type { SubscriptionRegistry } from '../subscriptions/registry.ts';
import { type Recovery, type Subscription, wants } from '../subscriptions/state.ts';
import type { MessageBodies } from './bodies.ts';
import { type MessageRequests, type Wanted, wantedOf } from './requests.ts';

const PAGE = 500;
/** Of different partners; those of one come one after the other. */
const AT_ONCE = 4;
const LOOK_EVERY_MS = 500;

export interface RecoveryContext {
  readonly store: EventStore;
  readonly runtime: SagaRuntime;
  readonly registry: SubscriptionRegistry;
  readonly directory: SubscriptionDirectory;
  readonly requests: MessageRequests;
  readonly bodies: MessageBodies;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Carries out the recoveries that were asked for and are not finished, wherever an earlier process left off: it begins anew, since what was
 * requested or resent before is found due and left alone, or delivered. One process leads.
 */
export const startRecoveries = (context: RecoveryContext): AsyncDisposable => {
  /** By partner; one that meets a log which is silent may outlive its term. */
  const running = new Map<string, Promise<void>>();
  const candidacy = context.leadership.lead('webhook-recovery', (term) => recoverAll(context, running, term));
  return {
    async [Symbol.asyncDispose]() {
      await candidacy[Symbol.asyncDispose]();
      await Promise.all(running.values());
    },
  };
};

/** Ends where the log is out of reach: what is asked for is not heard of there either, and another process takes over. */
const recoverAll = async (context: RecoveryContext, running: Map<string, Promise<void>>, term: Term): Promise<void> => {
  const { registry, clock, telemetry } = context;
  using watch = watchLog(context);
  const away = new AbortController();
  watch.lost.catch((reason: unknown) => away.abort(reason));
  const signal = AbortSignal.any([term.signal, away.signal]);
  while (!signal.aborted) {
    for (const { subscription, recovery } of nextRecoveries(registry.all(), new Set(running.keys()), AT_ONCE - running.size)) {
      const { subscriptionId, partnerId } = subscription;
      const work = recover(context, subscription, recovery, signal)
        .catch((error: unknown) => telemetry.logger.error('a webhook recovery stumbled; it begins again', { subscriptionId }, error))
        .finally(() => running.delete(partnerId));
      running.set(partnerId, work);
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  if (away.signal.aborted) telemetry.logger.warn('webhook recoveries are left to others', { reason: String(away.signal.reason) });
};

interface Waiting {
  readonly subscription: Subscription;
  readonly recovery: Recovery;
}

/** What was asked for first, one of each partner: nobody has the places of others, however much it asks for. @param busy partners that have a place */
export const nextRecoveries = (subscriptions: Iterable<Subscription>, busy: ReadonlySet<string>, places: number): readonly Waiting[] => {
  const waiting = [...subscriptions].flatMap((subscription): Waiting[] => {
    const recovery = subscription.recoveries.find(({ finished }) => !finished);
    return recovery && subscription.status === 'enabled' && !busy.has(subscription.partnerId) ? [{ subscription, recovery }] : [];
  });
  waiting.sort((a, b) => (a.recovery.requestedAt < b.recovery.requestedAt ? -1 : 1));
  const firstOfEach = new Map(waiting.toReversed().map((one) => [one.subscription.partnerId, one]));
  return waiting.filter((one) => firstOfEach.get(one.subscription.partnerId) === one).slice(0, places);
};

const recover = async (
  context: RecoveryContext,
  subscription: Subscription,
  { recoveryId, since }: Recovery,
  signal: AbortSignal,
): Promise<void> => {
  const { store, directory, requests, bodies } = context;
  const counts = { requested: 0, resent: 0 };
  const end = await store.lastPosition();
  // Positions tell what was recorded by then: the moment itself belongs to what is wanted.
  let after = await store.positionAt(new Date(Date.parse(since) - 1).toISOString());
  while (after < end && !signal.aborted) {
    const page = await store.readAll({ after, limit: PAGE, categories: FACE_CATEGORIES });
    if (signal.aborted) return; // another process does it by now
    // What is requested here is sent next: its bodies need not be read again.
    for (const event of page) if (event.metadata.partnerId === subscription.partnerId) bodies.learn(event);
    const wanted = page.flatMap((event) => wantedBy(subscription, event, since));
    counts.resent += await resend(context, wanted, recoveryId);
    counts.requested += await requests.write(wanted);
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.position;
  }
  if (!signal.aborted) await directory.finishRecovery(subscription.subscriptionId, recoveryId, counts);
};

const wantedBy = (subscription: Subscription, event: RecordedEvent, since: string): Wanted[] => {
  const type = faceOf(event.stream)?.publicTypeOf(event);
  const { partnerId = '', time } = event.metadata;
  return type && time >= since && wants(subscription, partnerId, type) ? [wantedOf(subscription, event, type)] : [];
};

/** What was given up, or waits for a later attempt, is sent now. @returns how many those were */
const resend = async ({ runtime }: RecoveryContext, wanted: readonly Wanted[], recoveryId: string): Promise<number> => {
  const resent = await Promise.all(
    wanted.map(async ({ stream, body: { messageId } }) => {
      const { state } = await runtime.load<DeliveryState>(stream);
      const status = state.messages.find(({ id }) => id === messageId)?.status;
      if (status === undefined || status === 'delivered') return 0;
      const { events } = await runtime.execute(
        stream,
        { type: 'Resend', messageId, by: 'hub', reason: `recovery ${recoveryId}` },
        { actor: 'hub' },
      );
      return events.length;
    }),
  );
  return resent.reduce((sum, count) => sum + count, 0);
};
