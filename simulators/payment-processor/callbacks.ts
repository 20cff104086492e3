import { createHmac } from 'node:crypto';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { SimulatedPayment } from './ledger.ts';

/** Where it calls back, and what it signs with (Standard Webhooks: `whsec_` and a key in base64). */
export interface CallbackTarget {
  readonly url: string;
  readonly secret: string;
}

const AGAIN_AFTER_MS: readonly number[] = [200, 1_000, 5_000, 30_000];

/** Tells what was decided, signed, until it is answered 2xx or 4xx. */
export class Callbacks {
  target: CallbackTarget | undefined;
  /** How many were answered with each status; 0: not at all. */
  readonly answers: Record<string, number> = {};
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  #sent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async tell(payment: SimulatedPayment, id = `cb_${payment.paymentRef}_${(this.#sent += 1)}`): Promise<void> {
    for (const afterMs of [0, ...AGAIN_AFTER_MS]) {
      if (afterMs > 0) await this.#clock.sleep(afterMs, this.#stopped.signal);
      if (this.#stopped.signal.aborted || !this.target) return;
      const status = await this.#post(this.target, id, payment);
      this.answers[status] = (this.answers[status] ?? 0) + 1;
      if (status !== 0 && status < 500) return;
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #post({ url, secret }: CallbackTarget, id: string, payment: SimulatedPayment): Promise<number> {
    const { externalPaymentId, paymentRef, status, reason } = payment;
    const sentAtMs = this.#clock.now();
    const body = JSON.stringify({
      type: `payment.${status}`,
      timestamp: new Date(sentAtMs).toISOString(),
      data: { externalPaymentId, paymentRef, status, ...(reason !== undefined && { reason }) },
    });
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signatureOf(secret, id, Math.floor(sentAtMs / 1_000), body) },
        body,
        signal: this.#stopped.signal,
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }
}

export const signatureOf = (secret: string, id: string, seconds: number, body: string): Record<string, string> => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
};
