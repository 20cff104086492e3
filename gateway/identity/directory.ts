import { ConflictError, NotFoundError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { EventBody, NewEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { type ClientEvent, clientStream, type PartnerEvent, partnerStream } from '@sagahub/contracts/messages/identity.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';
import type { IdentityRegistry } from './registry.ts';
import { type ClientSecrets, drawSecret } from './secrets.ts';
import type { Client, Partner } from './state.ts';

/** Who does it, and on which request. */
export interface Act {
  /** `client:<id>`, or `hub`. */
  readonly by: string;
  readonly correlationId?: string;
  readonly traceparent?: string | undefined;
}

/** A client of somebody who starts the hub: demo clients, the first administrator. */
export interface EnsuredClient {
  readonly clientId: string;
  readonly partnerId: string;
  /** Default: the partner's id. */
  readonly partnerName?: string;
  readonly scopes: readonly Scope[];
  readonly secret: string;
}

/** Changes partners and clients. What it did holds in this process as soon as it resolves. */
export class IdentityDirectory {
  readonly #store: EventStore;
  readonly #registry: IdentityRegistry;
  readonly #secrets: ClientSecrets;
  readonly #clock: Clock;

  constructor(store: EventStore, registry: IdentityRegistry, secrets: ClientSecrets, clock: Clock) {
    this.#store = store;
    this.#registry = registry;
    this.#secrets = secrets;
    this.#clock = clock;
  }

  /** One that was added elsewhere a moment ago is found too. @throws NotFoundError */
  async partner(partnerId: string): Promise<Partner> {
    if (!this.#registry.partner(partnerId)) this.#registry.apply(await this.#store.readStream(partnerStream(partnerId)));
    return this.#partner(partnerId);
  }

  /** One that was added elsewhere a moment ago is found too. @throws NotFoundError */
  async client(clientId: string): Promise<Client> {
    if (!this.#registry.client(clientId)) this.#registry.apply(await this.#store.readStream(clientStream(clientId)));
    return this.#client(clientId);
  }

  #partner(partnerId: string): Partner {
    const partner = this.#registry.partner(partnerId);
    if (!partner) throw new NotFoundError(`partner ${partnerId}`);
    return partner;
  }

  #client(clientId: string): Client {
    const client = this.#registry.client(clientId);
    if (!client) throw new NotFoundError(`client ${clientId}`);
    return client;
  }

  /** Adding the same one again changes nothing. @throws ConflictError HUB_PARTNER_EXISTS it was added with other details */
  async addPartner(
    partnerId: string,
    details: { readonly name: string; readonly rateLimitPerMinute?: number },
    act: Act,
  ): Promise<Partner> {
    await this.#decidePartner(partnerId, act, (partner) => {
      if (partner?.name === details.name && partner.rateLimitPerMinute === details.rateLimitPerMinute) return undefined;
      if (partner)
        throw new ConflictError(
          'HUB_PARTNER_EXISTS',
          `partner ${partnerId} was added before, with other data: change that one, or choose another id`,
        );
      return { type: 'PartnerAdded', data: { partnerId, ...details, by: act.by } };
    });
    return this.#partner(partnerId);
  }

  async changePartner(
    partnerId: string,
    changes: { readonly name?: string; readonly rateLimitPerMinute?: number },
    act: Act,
  ): Promise<Partner> {
    await this.partner(partnerId);
    await this.#decidePartner(partnerId, act, () => {
      const { name, rateLimitPerMinute } = this.#partner(partnerId);
      const same = (changes.name ?? name) === name && (changes.rateLimitPerMinute ?? rateLimitPerMinute) === rateLimitPerMinute;
      return same ? undefined : { type: 'PartnerChanged', data: { ...changes, by: act.by } };
    });
    return this.#partner(partnerId);
  }

  /** No token of any of its clients is accepted from now on. Doing it twice changes nothing. */
  async suspend(partnerId: string, reason: string, act: Act): Promise<Partner> {
    await this.partner(partnerId);
    await this.#decidePartner(partnerId, act, () =>
      this.#partner(partnerId).status === 'suspended' ? undefined : { type: 'PartnerSuspended', data: { by: act.by, reason } },
    );
    return this.#partner(partnerId);
  }

  async reinstate(partnerId: string, reason: string, act: Act): Promise<Partner> {
    await this.partner(partnerId);
    await this.#decidePartner(partnerId, act, () =>
      this.#partner(partnerId).status === 'active' ? undefined : { type: 'PartnerReinstated', data: { by: act.by, reason } },
    );
    return this.#partner(partnerId);
  }

  /** The secret is never seen again. @throws ConflictError HUB_CLIENT_EXISTS */
  async addClient(
    details: { readonly clientId: string; readonly partnerId: string; readonly scopes: readonly Scope[] },
    act: Act,
    secret = drawSecret(),
  ): Promise<{ readonly client: Client; readonly secret: string }> {
    const { clientId, partnerId } = details;
    await this.partner(partnerId);
    await this.#decideClient(clientId, act, partnerId, (client) => {
      if (client)
        throw new ConflictError(
          'HUB_CLIENT_EXISTS',
          `there is a client ${clientId}, and its secret cannot be shown again: rotate its secret, or choose another id`,
        );
      return { type: 'ClientAdded', data: { ...details, by: act.by } };
    });
    await this.#secrets.put(clientId, secret);
    return { client: this.#client(clientId), secret };
  }

  /** @param overlapMs how long the former secret works beside the new one */
  async rotateSecret(
    clientId: string,
    overlapMs: number,
    act: Act,
    secret = drawSecret(),
  ): Promise<{ readonly client: Client; readonly secret: string; readonly formerValidUntil: string }> {
    const { partnerId } = await this.client(clientId);
    const formerValidUntil = new Date(this.#clock.now() + overlapMs).toISOString();
    await this.#decideClient(clientId, act, partnerId, () => {
      if (this.#client(clientId).status === 'revoked')
        throw new ConflictError('HUB_CLIENT_REVOKED', `client ${clientId} was revoked; add a new one`);
      return { type: 'ClientSecretRotated', data: { formerValidUntil, by: act.by } };
    });
    await this.#secrets.put(clientId, secret, formerValidUntil);
    return { client: this.#client(clientId), secret, formerValidUntil };
  }

  /** For good: its tokens are refused from now on, and its secret is gone. Doing it twice changes nothing. */
  async revokeClient(clientId: string, reason: string, act: Act): Promise<Client> {
    const { partnerId } = await this.client(clientId);
    await this.#decideClient(clientId, act, partnerId, () =>
      this.#client(clientId).status === 'revoked' ? undefined : { type: 'ClientRevoked', data: { by: act.by, reason } },
    );
    await this.#secrets.delete(clientId);
    return this.#client(clientId);
  }

  /**
   * Sees to it that the client exists, has these scopes among its own (a later version of the hub may ask for more than the one that added
   * it), and that this secret works; everything else it was given later is left as it is. Other replicas that start may be at the same.
   */
  async ensureClient({ clientId, partnerId, partnerName = partnerId, scopes, secret }: EnsuredClient): Promise<void> {
    const act: Act = { by: 'hub' };
    if (!this.#registry.partner(partnerId)) await unlessThere(this.addPartner(partnerId, { name: partnerName }, act));
    if (!this.#registry.client(clientId)) await unlessThere(this.addClient({ clientId, partnerId, scopes }, act, secret));
    await this.#decideClient(clientId, act, partnerId, () => {
      const held = this.#client(clientId).scopes;
      const missing = scopes.filter((scope) => !held.includes(scope));
      return missing.length === 0 ? undefined : { type: 'ClientScopesChanged', data: { scopes: [...held, ...missing], by: act.by } };
    });
    if (!(await this.#secrets.verify(clientId, secret))) await this.rotateSecret(clientId, 0, act, secret);
  }

  #decidePartner(partnerId: string, act: Act, decide: (partner: Partner | undefined) => PartnerEvent | undefined): Promise<void> {
    return this.#append(partnerStream(partnerId), partnerId, act, () => {
      const partner = this.#registry.partner(partnerId);
      return { revision: partner?.revision ?? NO_STREAM, event: decide(partner) };
    });
  }

  #decideClient(
    clientId: string,
    act: Act,
    partnerId: string,
    decide: (client: Client | undefined) => ClientEvent | undefined,
  ): Promise<void> {
    return this.#append(clientStream(clientId), partnerId, act, () => {
      const client = this.#registry.client(clientId);
      return { revision: client?.revision ?? NO_STREAM, event: decide(client) };
    });
  }

  /** Decides on what the registry knows; when another process was faster, learns what it did and decides again. */
  async #append(
    stream: string,
    partnerId: string,
    act: Act,
    decide: () => { readonly revision: number; readonly event: EventBody<string, unknown> | undefined },
  ): Promise<void> {
    for (;;) {
      const { revision, event: body } = decide();
      if (!body) return;
      const event = this.#newEvent(body, partnerId, act);
      try {
        const written = await this.#store.append({ stream, expectedRevision: revision, events: [event] });
        this.#registry.apply([{ ...event, stream, revision: written.revision }]);
        return;
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        this.#registry.apply(await this.#store.readStream(stream, { from: revision + 1 }));
      }
    }
  }

  #newEvent(body: EventBody<string, unknown>, partnerId: string, act: Act): NewEvent {
    return {
      id: newId(),
      type: body.type,
      data: body.data as JsonObject,
      metadata: {
        time: new Date(this.#clock.now()).toISOString(),
        correlationId: act.correlationId ?? newId(),
        ...(act.traceparent && { traceparent: act.traceparent }),
        partnerId,
        actor: act.by,
        schemaVersion: 1,
      },
    };
  }
}

/** Somebody else may have been faster. */
const unlessThere = (adding: Promise<unknown>): Promise<unknown> =>
  adding.catch((error: unknown) => {
    if (!(error instanceof ConflictError)) throw error;
  });
