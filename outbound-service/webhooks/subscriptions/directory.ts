import { ConflictError, NotFoundError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { NewEvent } from '@sagahub/contracts/events.ts';
import { newId, randomId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import {
  type DisabledCause,
  type SubscriptionEvent,
  type SubscriptionSettings,
  subscriptionStream,
} from '@sagahub/contracts/messages/webhook.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { SubscriptionRegistry } from './registry.ts';
import type { WebhookSecrets } from './secrets.ts';
import type { Subscription } from './state.ts';

/** Who does it, and on which request. */
export interface Act {
  /** `client:<id>`, or `hub`. */
  readonly by: string;
  readonly correlationId?: string;
  readonly traceparent?: string | undefined;
}

interface DirectoryPorts {
  readonly store: EventStore;
  readonly clock: Clock;
}

/** Changes subscriptions. What it did holds in this process as soon as it resolves. */
export class SubscriptionDirectory {
  readonly #ports: DirectoryPorts;
  readonly #registry: SubscriptionRegistry;
  readonly #secrets: WebhookSecrets;
  readonly #limit: number;

  /** @param limit subscriptions that one partner may have */
  constructor(ports: DirectoryPorts, registry: SubscriptionRegistry, secrets: WebhookSecrets, limit: number) {
    this.#ports = ports;
    this.#registry = registry;
    this.#secrets = secrets;
    this.#limit = limit;
  }

  /** @throws NotFoundError it never was, or was deleted */
  get(subscriptionId: string): Subscription {
    const subscription = this.#registry.get(subscriptionId);
    if (!subscription || subscription.status === 'deleted') throw new NotFoundError(`webhook subscription ${subscriptionId}`);
    return subscription;
  }

  /** As the log has it now: a feed may be a moment behind. @returns undefined when it never was */
  async current(subscriptionId: string): Promise<Subscription | undefined> {
    const from = (this.#registry.get(subscriptionId)?.revision ?? NO_STREAM) + 1;
    this.#registry.apply(await this.#ports.store.readStream(subscriptionStream(subscriptionId), { from }));
    return this.#registry.get(subscriptionId);
  }

  /** The secret is never seen again. @throws ConflictError HUB_TOO_MANY_SUBSCRIPTIONS */
  async create(
    partnerId: string,
    settings: SubscriptionSettings,
    act: Act,
  ): Promise<{ readonly subscription: Subscription; readonly secret: string }> {
    if (this.#registry.ofPartner(partnerId).length >= this.#limit)
      throw new ConflictError(
        'HUB_TOO_MANY_SUBSCRIPTIONS',
        `a partner may have ${this.#limit} webhook subscriptions; delete one that is not needed any more`,
      );
    const subscriptionId = randomId();
    const secret = await this.#secrets.create(subscriptionId, 1);
    const created: SubscriptionEvent = { type: 'SubscriptionCreated', data: { ...settings, subscriptionId, partnerId, by: act.by } };
    await this.#append(subscriptionId, partnerId, act, () => created);
    return { subscription: this.get(subscriptionId), secret };
  }

  async change(subscriptionId: string, changes: Partial<SubscriptionSettings>, act: Act): Promise<Subscription> {
    await this.#decide(subscriptionId, act, (known) => {
      const differs = Object.entries(changes).some(
        ([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name as keyof SubscriptionSettings]),
      );
      return differs ? { type: 'SubscriptionChanged', data: { ...changes, by: act.by } } : undefined;
    });
    return this.get(subscriptionId);
  }

  /**
   * @param overlapMs how long the former secret signs beside the new one
   * @throws ConflictError HUB_SECRET_ROTATED somebody else rotated it at the same moment
   */
  async rotateSecret(
    subscriptionId: string,
    overlapMs: number,
    act: Act,
  ): Promise<{ readonly subscription: Subscription; readonly secret: string }> {
    const { secretVersion } = this.get(subscriptionId);
    const version = secretVersion + 1;
    // Before the event: whoever learns of the version must find its secret.
    const secret = await this.#secrets.create(subscriptionId, version);
    const formerValidUntil = new Date(this.#ports.clock.now() + overlapMs).toISOString();
    await this.#decide(subscriptionId, act, (known) => {
      if (known.secretVersion !== secretVersion)
        throw new ConflictError(
          'HUB_SECRET_ROTATED',
          'the secret was rotated by somebody else at the same moment; rotate it again for one you know',
        );
      return { type: 'SubscriptionSecretRotated', data: { version, formerValidUntil, by: act.by } };
    });
    await this.#secrets.delete(subscriptionId, [secretVersion - 1]);
    return { subscription: this.get(subscriptionId), secret };
  }

  /** Nothing is sent there from now on. Doing it twice changes nothing. */
  async disable(subscriptionId: string, cause: DisabledCause, reason: string, act: Act): Promise<Subscription> {
    await this.#decide(subscriptionId, act, ({ status }) =>
      status === 'enabled' ? { type: 'SubscriptionDisabled', data: { cause, reason, by: act.by } } : undefined,
    );
    return this.get(subscriptionId);
  }

  async enable(subscriptionId: string, act: Act): Promise<Subscription> {
    await this.#decide(subscriptionId, act, ({ status }) =>
      status === 'disabled' ? { type: 'SubscriptionEnabled', data: { by: act.by } } : undefined,
    );
    return this.get(subscriptionId);
  }

  /** For good. Its history stays, its secrets do not. */
  async delete(subscriptionId: string, act: Act): Promise<void> {
    const { secretVersion } = this.get(subscriptionId);
    await this.#decide(subscriptionId, act, () => ({ type: 'SubscriptionDeleted', data: { by: act.by } }));
    await this.#secrets.delete(subscriptionId, [secretVersion - 1, secretVersion, secretVersion + 1]);
  }

  /** The endpoint takes nothing any more. Nothing, when that is known already. */
  async markFailing(subscriptionId: string, reason: string): Promise<void> {
    await this.#decide(subscriptionId, BY_HUB, ({ status, failing }) =>
      status === 'enabled' && !failing ? { type: 'SubscriptionFailing', data: { reason } } : undefined,
    );
  }

  /** The endpoint takes messages again. */
  async markRecovered(subscriptionId: string): Promise<void> {
    await this.#decide(subscriptionId, BY_HUB, ({ status, failing }) =>
      status === 'enabled' && failing ? { type: 'SubscriptionRecovered', data: {} } : undefined,
    );
  }

  /** @throws ConflictError HUB_SUBSCRIPTION_DISABLED */
  async requestRecovery(subscriptionId: string, since: string, act: Act): Promise<Subscription> {
    const recoveryId = newId();
    await this.#decide(subscriptionId, act, (known) => {
      requireEnabled(known);
      return { type: 'RecoveryRequested', data: { recoveryId, since, by: act.by } };
    });
    return this.get(subscriptionId);
  }

  async finishRecovery(subscriptionId: string, recoveryId: string, counts: { requested: number; resent: number }): Promise<void> {
    await this.#decide(subscriptionId, BY_HUB, ({ recoveries }) =>
      recoveries.some((recovery) => recovery.recoveryId === recoveryId && !recovery.finished)
        ? { type: 'RecoveryFinished', data: { recoveryId, ...counts } }
        : undefined,
    );
  }

  #decide(subscriptionId: string, act: Act, decide: (known: Subscription) => SubscriptionEvent | undefined): Promise<void> {
    const { partnerId } = this.get(subscriptionId);
    return this.#append(subscriptionId, partnerId, act, () => decide(this.get(subscriptionId)));
  }

  /** Decides on what the registry knows; when another process was faster, learns what it did and decides again. */
  async #append(subscriptionId: string, partnerId: string, act: Act, decide: () => SubscriptionEvent | undefined): Promise<void> {
    const { store } = this.#ports;
    const stream = subscriptionStream(subscriptionId);
    for (;;) {
      const body = decide();
      if (!body) return;
      const expectedRevision = this.#registry.get(subscriptionId)?.revision ?? NO_STREAM;
      const event = this.#newEvent(body, partnerId, act);
      try {
        const { revision } = await store.append({ stream, expectedRevision, events: [event] });
        this.#registry.apply([{ ...event, stream, revision }]);
        return;
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        this.#registry.apply(await store.readStream(stream, { from: expectedRevision + 1 }));
      }
    }
  }

  #newEvent(body: SubscriptionEvent, partnerId: string, act: Act): NewEvent {
    return {
      id: newId(),
      type: body.type,
      data: body.data as unknown as JsonObject,
      metadata: {
        time: new Date(this.#ports.clock.now()).toISOString(),
        correlationId: act.correlationId ?? newId(),
        ...(act.traceparent && { traceparent: act.traceparent }),
        partnerId,
        actor: act.by,
        schemaVersion: 1,
      },
    };
  }
}

const BY_HUB: Act = { by: 'hub' };

/** @throws ConflictError HUB_SUBSCRIPTION_DISABLED */
export const requireEnabled = ({ status, disabled }: Subscription): void => {
  if (status !== 'enabled')
    throw new ConflictError(
      'HUB_SUBSCRIPTION_DISABLED',
      `the subscription is disabled (${disabled?.reason ?? 'by hand'}): mend the endpoint, enable the subscription, and repeat`,
    );
};
