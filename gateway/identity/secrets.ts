import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt);
/** 16 MiB and about 40 ms a guess. Drawn secrets need none of it; secrets that people chose for a demo do. */
const COST = { N: 16_384, r: 8, p: 1 };
const HASH_BYTES = 32;

interface Hashed {
  readonly salt: string;
  readonly hash: string;
  readonly cost: typeof COST;
}
interface StoredSecret {
  readonly current: Hashed;
  readonly former?: Hashed & { readonly validUntil: string };
}

/** 256 random bits; the prefix lets secret scanners find one that leaked. */
export const drawSecret = (): string => `sagahub_${randomBytes(32).toString('base64url')}`;

/** Client secrets: shown once, then only their hash is in the KeyStore. */
export interface ClientSecrets {
  /** @param formerValidUntil ISO 8601; absent = the former secret stops working now */
  put(clientId: string, secret: string, formerValidUntil?: string): Promise<void>;
  /** Takes as long for a client that does not exist. */
  verify(clientId: string, secret: string): Promise<boolean>;
  delete(clientId: string): Promise<void>;
}

export const clientSecrets = (keys: KeyStore, clock: Clock): ClientSecrets => {
  const nameOf = (clientId: string) => `client-secret:${clientId}`;
  const load = async (clientId: string): Promise<StoredSecret | undefined> => {
    const bytes = await keys.secret(nameOf(clientId));
    return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredSecret);
  };
  return {
    async put(clientId, secret, formerValidUntil) {
      const known = formerValidUntil === undefined ? undefined : await load(clientId);
      const stored: StoredSecret = {
        current: await hashed(secret),
        ...(known && formerValidUntil && { former: { ...known.current, validUntil: formerValidUntil } }),
      };
      await keys.putSecret(nameOf(clientId), Buffer.from(JSON.stringify(stored)));
    },
    async verify(clientId, secret) {
      const stored = await load(clientId);
      if (!stored) return (await matches(secret, NOBODY)) && false;
      if (await matches(secret, stored.current)) return true;
      const { former } = stored;
      return former !== undefined && Date.parse(former.validUntil) > clock.now() && (await matches(secret, former));
    },
    delete: (clientId) => keys.deleteSecret(nameOf(clientId)),
  };
};

const hashed = async (secret: string): Promise<Hashed> => {
  const salt = randomBytes(16);
  return { salt: salt.toString('base64'), hash: (await derive(secret, salt, HASH_BYTES, COST)).toString('base64'), cost: COST };
};

const matches = async (secret: string, { salt, hash, cost }: Hashed): Promise<boolean> =>
  timingSafeEqual(await derive(secret, Buffer.from(salt, 'base64'), HASH_BYTES, cost), Buffer.from(hash, 'base64'));

const NOBODY: Hashed = { salt: '', hash: Buffer.alloc(HASH_BYTES).toString('base64'), cost: COST };
