import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { ClientEvent, PartnerEvent } from '@sagahub/contracts/messages/identity.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';

/** A tenant: who sends orders, and whose orders nobody else sees. */
export interface Partner {
  readonly partnerId: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  /** Why it was suspended or reinstated last. */
  readonly reason?: string;
  /** Absent: the configured default. 0: without a limit. */
  readonly rateLimitPerMinute?: number;
  readonly addedAt: string;
  readonly revision: number;
}

/** Something that authenticates on behalf of a partner. */
export interface Client {
  readonly clientId: string;
  readonly partnerId: string;
  readonly scopes: readonly Scope[];
  readonly status: 'active' | 'revoked';
  readonly reason?: string;
  /** After a rotation: until when the former secret works too. */
  readonly formerSecretValidUntil?: string;
  readonly addedAt: string;
  readonly revision: number;
}

/** What folding needs of a recorded event. */
export type IdentityEvent = Pick<RecordedEvent, 'stream' | 'revision' | 'type' | 'data' | 'metadata'>;

export const evolvePartner = (partner: Partner | undefined, event: IdentityEvent): Partner | undefined => {
  const body = event as unknown as PartnerEvent;
  const { revision } = event;
  if (body.type === 'PartnerAdded') {
    const { name, rateLimitPerMinute } = body.data;
    return {
      partnerId: objectIdOf(event.stream),
      name,
      status: 'active',
      ...(rateLimitPerMinute !== undefined && { rateLimitPerMinute }),
      addedAt: event.metadata.time,
      revision,
    };
  }
  if (!partner) return undefined;
  switch (body.type) {
    case 'PartnerChanged': {
      const { name = partner.name, rateLimitPerMinute = partner.rateLimitPerMinute } = body.data;
      return { ...partner, name, ...(rateLimitPerMinute !== undefined && { rateLimitPerMinute }), revision };
    }
    case 'PartnerSuspended':
      return { ...partner, status: 'suspended', reason: body.data.reason, revision };
    case 'PartnerReinstated':
      return { ...partner, status: 'active', reason: body.data.reason, revision };
    default:
      return { ...partner, revision };
  }
};

export const evolveClient = (client: Client | undefined, event: IdentityEvent): Client | undefined => {
  const body = event as unknown as ClientEvent;
  const { revision } = event;
  if (body.type === 'ClientAdded') {
    const { partnerId, scopes } = body.data;
    return { clientId: objectIdOf(event.stream), partnerId, scopes, status: 'active', addedAt: event.metadata.time, revision };
  }
  if (!client) return undefined;
  switch (body.type) {
    case 'ClientSecretRotated':
      return { ...client, formerSecretValidUntil: body.data.formerValidUntil, revision };
    case 'ClientScopesChanged':
      return { ...client, scopes: body.data.scopes, revision };
    case 'ClientRevoked':
      return { ...client, status: 'revoked', reason: body.data.reason, revision };
    default:
      return { ...client, revision };
  }
};
