import { hash } from 'node:crypto';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/**
 * The key of an `Idempotency-Key` header (or its like in another transport): 1 to 255 visible ASCII characters. One pair of quotes
 * around it is taken off, so that a structured field and a bare value name the same key.
 */
export const parseIdempotencyKey = (sent: string | undefined): string | undefined => {
  if (sent === undefined) return undefined;
  const [, quoted] = /^"(.*)"$/s.exec(sent) ?? [];
  const key = quoted ?? sent;
  if (VISIBLE_ASCII.test(key)) return key;
  const detail = 'must be 1 to 255 visible ASCII characters without spaces, quoted or bare';
  throw new MalformedRequestError(`the Idempotency-Key ${detail}`, {
    code: 'HUB_IDEMPOTENCY_KEY_INVALID',
    faults: [{ header: 'Idempotency-Key', code: 'not-a-key', detail }],
  });
};

/** What the log keeps of a key: scoped to the client, and no longer than a hash. */
export const requestKeyOf = (clientId: string, key: string): string => hash('sha256', `${clientId}\n${key}`, 'hex');
