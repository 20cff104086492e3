import { randomBytes } from 'node:crypto';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import { Webhook } from 'standardwebhooks';

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;
/** Signers kept in memory; a secret's version never changes. */
const REMEMBERED = 10_000;

const nameOf = (subscriptionId: string, version: number): string => `webhook-secret:${subscriptionId}:${version}`;
const drawSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** The secrets that messages are signed with, one per version of a subscription's secret. */
export class WebhookSecrets {
  readonly #keys: KeyStore;
  readonly #signers = new Map<string, Webhook>();

  constructor(keys: KeyStore) {
    this.#keys = keys;
  }

  /** Draws this version's secret, or finds the one that somebody drew at the same time. */
  async create(subscriptionId: string, version: number): Promise<string> {
    const stands = await this.#keys.createSecret(nameOf(subscriptionId, version), Buffer.from(drawSecret()));
    return Buffer.from(stands).toString('utf8');
  }

  /** @returns undefined when there is none (any more) */
  async signer(subscriptionId: string, version: number): Promise<Webhook | undefined> {
    const name = nameOf(subscriptionId, version);
    const known = this.#signers.get(name);
    if (known) return known;
    const secret = await this.#keys.secret(name);
    if (!secret) return undefined;
    const signer = new Webhook(Buffer.from(secret).toString('utf8'));
    if (this.#signers.size >= REMEMBERED) this.#signers.clear();
    this.#signers.set(name, signer);
    return signer;
  }

  async delete(subscriptionId: string, versions: readonly number[]): Promise<void> {
    for (const version of versions) {
      const name = nameOf(subscriptionId, version);
      await this.#keys.deleteSecret(name);
      this.#signers.delete(name);
    }
  }
}
