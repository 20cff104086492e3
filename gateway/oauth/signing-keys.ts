import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { ConfigurationError, ConflictError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import { calculateJwkThumbprint, type CryptoKey, importJWK, type JWK } from 'jose';

export type SigningAlgorithm = 'ES256' | 'Ed25519';

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** The keys that sign access tokens: one signs, former ones are published until the last token they signed has expired. */
export interface SigningKeys {
  current(): SigningKey & { readonly privateKey: CryptoKey };
  /** By key id. Looks for keys that another process drew, at most every 30 s. */
  find(kid: string): Promise<SigningKey | undefined>;
  /** RFC 7517: what verifiers may use. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
  /** Draws a new key, which signs from now on. Returns its id. @throws ConflictError when the keys come from the configuration */
  rotate(): Promise<string>;
}

export interface SigningKeysOptions {
  readonly keys: KeyStore;
  readonly clock: Clock;
  /** Private key from the configuration: PEM, JWK or JWK Set. */
  readonly configured?: string | undefined;
  /** How long a former key is published: the life of a token and some leeway. */
  readonly retireAfterMs: number;
}

interface StoredKey {
  readonly jwk: JWK;
  /** Milliseconds since 1970; absent while it signs. */
  readonly retiredAtMs?: number;
}
type LoadedKey = ReturnType<SigningKeys['current']> & { readonly retiredAtMs?: number };

const SECRET_NAME = 'token-signing-keys';
const RELOAD_AFTER_MS = 30_000;

export const openSigningKeys = async ({ keys, clock, configured, retireAfterMs }: SigningKeysOptions): Promise<SigningKeys> => {
  let loaded: readonly LoadedKey[] = [];
  let loadedAtMs = 0;

  const load = async (): Promise<void> => {
    const stored =
      configured === undefined ? decode(await keys.createSecret(SECRET_NAME, encode([{ jwk: drawKey() }]))) : parseConfigured(configured);
    const live = stored.filter(({ retiredAtMs }) => retiredAtMs === undefined || retiredAtMs + retireAfterMs > clock.now());
    loaded = await Promise.all(live.map(importKey));
    loadedAtMs = clock.now();
  };
  await load();

  const current = () => {
    const [first] = loaded;
    if (!first) throw new Error('there is no signing key');
    return first;
  };
  return {
    current,
    async find(kid) {
      const known = () => loaded.find((key) => key.kid === kid);
      if (!known() && clock.now() - loadedAtMs >= RELOAD_AFTER_MS) await load();
      return known();
    },
    async jwks() {
      if (clock.now() - loadedAtMs >= RELOAD_AFTER_MS) await load();
      return { keys: loaded.map(({ publicJwk }) => publicJwk) };
    },
    async rotate() {
      if (configured !== undefined)
        throw new ConflictError(
          'HUB_SIGNING_KEYS_CONFIGURED',
          'the signing keys come from the configuration: make HUB_SIGNING_KEY a JWK Set that begins with the new key, and start again',
        );
      const bytes = await keys.secret(SECRET_NAME);
      const former = bytes ? decode(bytes) : [];
      const kept = former
        .map((key) => ({ retiredAtMs: clock.now(), ...key }))
        .filter((key) => key.retiredAtMs + retireAfterMs > clock.now());
      await keys.putSecret(SECRET_NAME, encode([{ jwk: drawKey() }, ...kept]));
      await load();
      return current().kid;
    },
  };
};

const drawKey = (): JWK => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const encode = (stored: readonly StoredKey[]): Uint8Array => Buffer.from(JSON.stringify(stored));
const decode = (bytes: Uint8Array): readonly StoredKey[] => JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredKey[];

const parseConfigured = (text: string): readonly StoredKey[] => {
  try {
    if (text.includes('-----BEGIN')) return [{ jwk: createPrivateKey(text).export({ format: 'jwk' }) }];
    const parsed = JSON.parse(text) as JWK & { readonly keys?: readonly JWK[] };
    return (parsed.keys ?? [parsed]).map((jwk) => ({ jwk }));
  } catch (error) {
    throw new ConfigurationError([`HUB_SIGNING_KEY: is no private key in PEM, JWK or JWK Set form (${(error as Error).name})`]);
  }
};

const algorithmOf = ({ kty, crv }: JWK): SigningAlgorithm | undefined =>
  kty === 'EC' && crv === 'P-256' ? 'ES256' : kty === 'OKP' && crv === 'Ed25519' ? 'Ed25519' : undefined;

const importKey = async ({ jwk, ...stored }: StoredKey): Promise<LoadedKey> => {
  const alg = algorithmOf(jwk);
  if (!alg || jwk.d === undefined) throw new ConfigurationError(['HUB_SIGNING_KEY: must be a private key on P-256 or Ed25519']);
  const bare = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(bare);
  return {
    ...stored,
    kid,
    alg,
    privateKey: (await importJWK(jwk, alg)) as CryptoKey,
    publicKey: (await importJWK(bare, alg)) as CryptoKey,
    publicJwk: { ...bare, kid, use: 'sig', alg },
  };
};
