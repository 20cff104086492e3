import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

const KEY_NAME = 'fingerprint';

/**
 * Tells whether two commands ask for the same: HMAC-SHA-256, hex, over the canonical JSON of the validated, defaulted command. The
 * transport, the client and its idempotency key have no part in it. Keyed, so that nobody can guess personal data from the log.
 */
export type Fingerprint = (command: object) => string;

export const openFingerprint = async (keys: KeyStore): Promise<Fingerprint> => {
  const key = createSecretKey(await keys.createSecret(KEY_NAME, randomBytes(32)));
  return (command) => createHmac('sha256', key).update(canonicalJson(command)).digest('hex');
};

/** JSON with the members of every object in ascending order of their names. */
const canonicalJson = (value: object): string => JSON.stringify(sorted(value));

const sorted = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const members = value as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(members).toSorted()) result[name] = sorted(members[name]);
  return result;
};
