import type { EventBody } from '../events.ts';
import type { Scope } from '../ports/identity.ts';

/** Stream `partner-<partnerId>`. */
export type PartnerAdded = EventBody<
  'PartnerAdded',
  { readonly partnerId: string; readonly name: string; readonly rateLimitPerMinute?: number; readonly by: string }
>;
export type PartnerChanged = EventBody<
  'PartnerChanged',
  { readonly name?: string; readonly rateLimitPerMinute?: number; readonly by: string }
>;
export type PartnerSuspended = EventBody<'PartnerSuspended', { readonly by: string; readonly reason: string }>;
export type PartnerReinstated = EventBody<'PartnerReinstated', { readonly by: string; readonly reason: string }>;
export type PartnerEvent = PartnerAdded | PartnerChanged | PartnerSuspended | PartnerReinstated;
export const partnerStream = (partnerId: string): string => `partner-${partnerId}`;

/** Stream `client-<clientId>`. Secrets are in the KeyStore, hashed. */
export type ClientAdded = EventBody<
  'ClientAdded',
  { readonly clientId: string; readonly partnerId: string; readonly scopes: readonly Scope[]; readonly by: string }
>;
export type ClientSecretRotated = EventBody<
  'ClientSecretRotated',
  { /** The former secret works until then. */ readonly formerValidUntil: string; readonly by: string }
>;
/** What its tokens may at most allow from now on. */
export type ClientScopesChanged = EventBody<'ClientScopesChanged', { readonly scopes: readonly Scope[]; readonly by: string }>;
export type ClientRevoked = EventBody<'ClientRevoked', { readonly by: string; readonly reason: string }>;
export type ClientEvent = ClientAdded | ClientSecretRotated | ClientScopesChanged | ClientRevoked;
export const clientStream = (clientId: string): string => `client-${clientId}`;
