import { UnauthenticatedError, UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { createRemoteJWKSet, errors, type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { SigningKeys } from './signing-keys.ts';
import { ACCESS_TOKEN_TYPE } from './tokens.ts';

/** What a token says, once it was found genuine. */
export interface VerifiedToken {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970, leeway included: not valid from then on. */
  readonly expiresAtMs: number;
}

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly keyOf: JWTVerifyGetKey;
  readonly clock: Clock;
}

/** For clocks that disagree. */
const LEEWAY_SECONDS = 30;
const MAX_TOKEN_CHARS = 8_192;
const MAX_KID_CHARS = 128;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const REQUIRED_CLAIMS = ['iss', 'aud', 'sub', 'client_id', 'exp', 'iat', 'jti'];

/** Our own tokens: the key is known by its id alone, and only for its own algorithm. */
export const ownKeys =
  (signing: SigningKeys): JWTVerifyGetKey =>
  async ({ kid, alg }) => {
    const key = typeof kid === 'string' && kid.length <= MAX_KID_CHARS ? await signing.find(kid) : undefined;
    if (!key || key.alg !== alg) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  };

/** An external issuer's. Its key set is fetched when a key id is not known, at most every 30 s. */
export const remoteKeys = (jwksUrl: string): JWTVerifyGetKey => {
  const remote = createRemoteJWKSet(new URL(jwksUrl));
  return async (header: JWTHeaderParameters, token) => {
    if (typeof header.kid !== 'string' || header.kid.length > MAX_KID_CHARS) throw new errors.JWKSNoMatchingKey();
    try {
      return await remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new UnavailableError('HUB_ISSUER_UNREACHABLE', 'the keys of the token issuer cannot be fetched at the moment', {
        cause: error,
      });
    }
  };
};

/**
 * RFC 9068 section 4 and RFC 8725: shape, explicit type, algorithm from our list and equal to the key's, key by id from the
 * configured issuer only (`jwk`, `jku` and `x5u` in the token are never looked at), exact issuer, audience, times, required claims.
 * @throws UnauthenticatedError saying which of them failed, and nothing that helps to forge
 */
export const verifyToken = async (token: string, rules: TokenRules): Promise<VerifiedToken> => {
  if (token.length > MAX_TOKEN_CHARS || !COMPACT_JWS.test(token)) throw invalid('the access token is no JWT');
  const nowMs = rules.clock.now();
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, rules.keyOf, {
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: [...rules.algorithms],
      typ: ACCESS_TOKEN_TYPE,
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: REQUIRED_CLAIMS,
    }));
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw invalid(explain(error));
  }
  const { client_id: clientId, scope = '', exp = 0, iat = 0, jti, sub } = payload;
  if (typeof clientId !== 'string' || clientId === '' || typeof scope !== 'string')
    throw invalid('the access token’s claims are not of the right type');
  if (typeof jti !== 'string' || typeof sub !== 'string' || jti === '' || sub === '')
    throw invalid('the access token’s claims are not of the right type');
  if (iat > nowMs / 1000 + LEEWAY_SECONDS) throw invalid('the access token was issued in the future');
  return { clientId, scopes: scope.split(' '), expiresAtMs: (exp + LEEWAY_SECONDS) * 1000 };
};

export const EXPIRED = 'the access token has expired; get a new one';

export const invalid = (detail: string): UnauthenticatedError => new UnauthenticatedError('invalid', detail);

const explain = (error: unknown): string => {
  if (error instanceof errors.JWTExpired) return EXPIRED;
  if (error instanceof errors.JWTClaimValidationFailed) return `the access token’s "${error.claim}" is missing or not accepted here`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the access token’s signature is wrong';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the access token’s algorithm is not accepted here';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the access token was signed with an unknown key';
  return 'the access token is no valid JWT';
};
