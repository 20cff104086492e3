import { hash } from 'node:crypto';
import { UnauthenticatedError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Authenticator, Principal, Scope } from '@sagahub/contracts/ports/identity.ts';
import type { CatchUp, IdentityRegistry } from '../identity/registry.ts';
import { EXPIRED, invalid, type VerifiedToken } from './token-verifier.ts';

export interface AuthenticatorOptions {
  readonly verify: (token: string) => Promise<VerifiedToken>;
  readonly registry: IdentityRegistry;
  readonly catchUp: CatchUp;
  readonly clock: Clock;
  /** Requests a minute of partners that have no limit of their own. */
  readonly defaultLimitPerMinute: number;
  /** Verified tokens remembered; the one unused for longest goes first. Default 10,000. */
  readonly maxTokens?: number;
}

interface Remembered {
  readonly token: VerifiedToken;
  /** What the registry said about it at `version`. */
  readonly principal: Principal;
  readonly version: number;
}

/** Absent scopes: all that the client has. */
type Granted = Pick<VerifiedToken, 'clientId'> & Partial<Pick<VerifiedToken, 'scopes'>>;

const BEARER = /^Bearer +(\S+)$/i;

/**
 * Remembers verified tokens by their SHA-256, which spares the signature check and nothing else: expiry, client and partner
 * are looked at on every request. A remembered token costs 2 µs, a new one about 180.
 */
export const authenticator = ({
  verify,
  registry,
  catchUp,
  clock,
  defaultLimitPerMinute,
  maxTokens = 10_000,
}: AuthenticatorOptions): Authenticator => {
  const remembered = new Map<string, Remembered>();

  /** @throws UnauthenticatedError when client or partner may not act at present */
  const principalOf = (token: Granted): Principal => {
    const client = registry.client(token.clientId);
    if (!client) throw invalid('the client is unknown');
    if (client.status === 'revoked') throw invalid('the client was revoked');
    const partner = registry.partner(client.partnerId);
    if (partner?.status !== 'active') throw invalid('the partner is suspended');
    const granted = new Set(token.scopes ?? client.scopes);
    return {
      clientId: client.clientId,
      partnerId: client.partnerId,
      scopes: new Set<Scope>(client.scopes.filter((scope) => granted.has(scope))),
      rateLimitPerMinute: partner.rateLimitPerMinute ?? defaultLimitPerMinute,
    };
  };

  /** Nobody is refused for what another process has changed and this one has not heard of yet. */
  const principalNow = async (token: Granted): Promise<Principal> => {
    try {
      return principalOf(token);
    } catch {
      await catchUp(token.clientId);
      return principalOf(token);
    }
  };

  const remember = (digest: string, token: VerifiedToken, principal: Principal, version: number): void => {
    remembered.delete(digest);
    remembered.set(digest, { token, principal, version });
    const [oldest] = remembered.size > maxTokens ? remembered.keys() : [];
    if (oldest !== undefined) remembered.delete(oldest);
  };

  const recall = (digest: string): Remembered | undefined => {
    const known = remembered.get(digest);
    if (!known) return undefined;
    remembered.delete(digest);
    if (known.token.expiresAtMs <= clock.now()) throw invalid(EXPIRED);
    remembered.set(digest, known);
    return known;
  };

  return {
    identify: (clientId) => principalNow({ clientId }),
    async authenticate(authorization) {
      const bearer = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
      if (bearer === undefined) {
        if (authorization !== undefined && /^Bearer\b/i.test(authorization))
          throw invalid('the Authorization header holds no access token');
        throw new UnauthenticatedError('missing', 'send an access token: "Authorization: Bearer <token>"; POST /oauth/token gives one');
      }
      const digest = hash('sha256', bearer, 'base64');
      const known = recall(digest);
      if (known?.version === registry.version) return known.principal;
      const token = known?.token ?? (await verify(bearer));
      const { version } = registry;
      const principal = await principalNow(token);
      remember(digest, token, principal, version);
      return principal;
    },
  };
};
