import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 6;
/** About 3 MiB. Opening anew what is read again and again took 7 % of the time of who seals and who delivers. */
const REMEMBERED = 10_000;

export interface MasterKey {
  /** Tells keys apart; says nothing about the key. */
  readonly id: string;
  readonly key: Buffer;
}

/** What is stored of a key or secret. */
export interface Wrapped {
  /** Of the master key it is wrapped by. */
  readonly masterKeyId: string;
  /** 12 random bytes, the ciphertext, the tag of 16 bytes. */
  readonly wrapped: Buffer;
}

/**
 * Reads master keys: one a line, 32 bytes in base64 or hex (`openssl rand -base64 32`). The first wraps what is stored from now on; the others only
 * open what they wrapped before.
 * @throws ConfigurationError says which line is none
 */
export const parseMasterKeys = (text: string, setting = 'the master key file'): readonly MasterKey[] => {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0)
    throw new ConfigurationError([`${setting} holds no master key: put one there, made by \`openssl rand -base64 32\``]);
  return lines.map((line, index) => {
    const key = Buffer.from(line, /^[0-9a-f]{64}$/i.test(line) ? 'hex' : 'base64');
    if (key.length !== KEY_BYTES)
      throw new ConfigurationError([
        `${setting}: line ${index + 1} is no key of ${KEY_BYTES} bytes in base64 or hex: make one by \`openssl rand -base64 32\``,
      ]);
    return { id: createHash('sha256').update('sagahub master key').update(key).digest().toString('base64url', 0, KEY_ID_BYTES), key };
  });
};

/**
 * Seals keys and secrets under the first master key (AES-256-GCM), each bound to its name, so that none passes for another. What was opened
 * is remembered by the very bytes it was opened from: it is of use only to who still finds those in the store.
 */
export class KeyWrap {
  readonly #newest: MasterKey;
  readonly #byId: ReadonlyMap<string, MasterKey>;
  /** By name and sealed bytes. */
  readonly #opened = new RecentMap<string, Uint8Array>(REMEMBERED);

  constructor(masterKeys: readonly MasterKey[]) {
    const [newest] = masterKeys;
    if (!newest) throw new RangeError('at least one master key');
    this.#newest = newest;
    this.#byId = new Map(masterKeys.map((masterKey) => [masterKey.id, masterKey]));
  }

  get newestId(): string {
    return this.#newest.id;
  }

  wrap(name: string, secret: Uint8Array): Wrapped {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#newest.key, nonce).setAAD(Buffer.from(name));
    return { masterKeyId: this.#newest.id, wrapped: Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]) };
  }

  /** @throws ConfigurationError the master key that wrapped it is not among ours, or what is stored was altered */
  unwrap(name: string, sealed: Wrapped): Uint8Array {
    const known = `${name} ${sealed.masterKeyId} ${sealed.wrapped.toString('latin1')}`;
    let opened = this.#opened.get(known);
    if (!opened) this.#opened.set(known, (opened = this.#open(name, sealed)));
    return opened;
  }

  #open(name: string, { masterKeyId, wrapped }: Wrapped): Uint8Array {
    const masterKey = this.#byId.get(masterKeyId);
    if (!masterKey)
      throw new ConfigurationError([
        `stored keys are wrapped by the master key ${masterKeyId}, which HUB_MASTER_KEY_FILE does not hold: add it there`,
      ]);
    const decipher = createDecipheriv('aes-256-gcm', masterKey.key, wrapped.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(name)).setAuthTag(wrapped.subarray(-TAG_BYTES));
    try {
      // A copy of its own: what Buffer.concat gives lies in 64 KiB shared with others, and would keep all of it for as long as it is remembered.
      return new Uint8Array(Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
    } catch (cause) {
      throw new ConfigurationError([
        `the stored key ${name} was altered (${(cause as Error).message}): restore the key store from a backup`,
      ]);
    }
  }
}
