import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { ALL_TYPES, type DisabledCause, type SubscriptionEvent, type SubscriptionSettings } from '@sagahub/contracts/messages/webhook.ts';

/** Asked for and not finished: everything since then that was not delivered is to be delivered. */
export interface Recovery {
  readonly recoveryId: string;
  readonly since: string;
  readonly requestedAt: string;
  readonly finished?: { readonly at: string; readonly requested: number; readonly resent: number };
}

/** An endpoint of a partner and what it wants to be told. */
export interface Subscription extends SubscriptionSettings {
  readonly subscriptionId: string;
  readonly partnerId: string;
  readonly status: 'enabled' | 'disabled' | 'deleted';
  readonly disabled?: { readonly at: string; readonly cause: DisabledCause; readonly reason: string };
  /** Since when nothing was taken by the endpoint, and why. */
  readonly failing?: { readonly since: string; readonly reason: string };
  readonly secretVersion: number;
  /** Until when the secret before this one signs too. */
  readonly formerSecretValidUntil?: string;
  /** Newest last; of those that are finished the last few. */
  readonly recoveries: readonly Recovery[];
  readonly createdAt: string;
  readonly revision: number;
}

/** Finished recoveries that are remembered. */
const REMEMBERED_RECOVERIES = 10;

/** What folding needs of a recorded event. */
export type FoldedEvent = Pick<RecordedEvent, 'stream' | 'revision' | 'type' | 'data' | 'metadata'>;

export const evolveSubscription = (subscription: Subscription | undefined, event: FoldedEvent): Subscription | undefined => {
  const body = event as unknown as SubscriptionEvent;
  const { revision } = event;
  const { time } = event.metadata;
  if (body.type === 'SubscriptionCreated') {
    const { by: _by, ...settings } = body.data;
    return {
      ...settings,
      subscriptionId: objectIdOf(event.stream),
      status: 'enabled',
      secretVersion: 1,
      recoveries: [],
      createdAt: time,
      revision,
    };
  }
  if (!subscription) return undefined;
  switch (body.type) {
    case 'SubscriptionChanged': {
      const { by: _by, ...changes } = body.data;
      return { ...subscription, ...changes, revision };
    }
    case 'SubscriptionSecretRotated':
      return { ...subscription, secretVersion: body.data.version, formerSecretValidUntil: body.data.formerValidUntil, revision };
    case 'SubscriptionDisabled': {
      const { cause, reason } = body.data;
      return { ...subscription, status: 'disabled', disabled: { at: time, cause, reason }, revision };
    }
    case 'SubscriptionEnabled': {
      const { disabled: _disabled, failing: _failing, ...rest } = subscription;
      return { ...rest, status: 'enabled', revision };
    }
    case 'SubscriptionDeleted':
      return { ...subscription, status: 'deleted', revision };
    case 'SubscriptionFailing':
      return { ...subscription, failing: { since: time, reason: body.data.reason }, revision };
    case 'SubscriptionRecovered': {
      const { failing: _failing, ...rest } = subscription;
      return { ...rest, revision };
    }
    case 'RecoveryRequested': {
      const { recoveryId, since } = body.data;
      const finished = subscription.recoveries.filter((recovery) => recovery.finished).slice(-REMEMBERED_RECOVERIES);
      const kept = subscription.recoveries.filter((recovery) => !recovery.finished || finished.includes(recovery));
      const recoveries = [...kept, { recoveryId, since, requestedAt: time }];
      return { ...subscription, recoveries, revision };
    }
    case 'RecoveryFinished': {
      const { recoveryId, requested, resent } = body.data;
      const finish = (recovery: Recovery): Recovery =>
        recovery.recoveryId === recoveryId ? { ...recovery, finished: { at: time, requested, resent } } : recovery;
      return { ...subscription, recoveries: subscription.recoveries.map(finish), revision };
    }
    default:
      return { ...subscription, revision };
  }
};

/** Does an event of this type of this partner go there? */
export const wants = (subscription: Subscription, partnerId: string, type: string): boolean =>
  subscription.status === 'enabled' &&
  subscription.partnerId === partnerId &&
  (subscription.types[0] === ALL_TYPES || subscription.types.includes(type));
