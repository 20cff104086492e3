import { newId } from '@sagahub/contracts/ids.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { SignJWT } from 'jose';
import type { SigningKeys } from './signing-keys.ts';

export const ACCESS_TOKEN_TYPE = 'at+jwt';

export interface TokenIssuer {
  /** Exact; verifiers compare it byte by byte. */
  readonly issuer: string;
  readonly lifetimeMs: number;
  /** An RFC 9068 access token. */
  issue(clientId: string, scopes: readonly string[]): Promise<string>;
}

export const tokenIssuer = (issuer: string, audience: string, lifetimeMs: number, signing: SigningKeys, clock: Clock): TokenIssuer => ({
  issuer,
  lifetimeMs,
  issue: (clientId, scopes) => {
    const { kid, alg, privateKey } = signing.current();
    const issuedAt = Math.floor(clock.now() / 1000);
    return new SignJWT({ client_id: clientId, scope: scopes.join(' ') })
      .setProtectedHeader({ alg, kid, typ: ACCESS_TOKEN_TYPE })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(clientId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + Math.floor(lifetimeMs / 1000))
      .setJti(newId())
      .sign(privateKey);
  },
});
