import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { ConfirmChannel } from 'amqplib';

/** A broker that is blocked (its disk or memory is full) confirms nothing until it is not. */
const CONFIRM_WITHIN_MS = 10_000;

/** Waits for what the broker says to messages published on a channel. */
export class Confirms {
  readonly #clock: Clock;
  #ended = false;

  constructor(channel: ConfirmChannel, clock: Clock) {
    this.#clock = clock;
    channel.prependListener('close', () => (this.#ended = true)); // before amqplib fails what is not confirmed
  }

  /** Resolves when the broker has answered for all: with true when it refused any. */
  async refusedAny(count: number, publish: (confirm: (error: unknown) => void) => void): Promise<boolean> {
    const settled = new AbortController();
    const confirms = new Promise<boolean>((resolve, reject) => {
      let waiting = count;
      let refused = false;
      publish((error) => {
        if (error && this.#ended) reject(error instanceof Error ? error : new Error('the channel has ended'));
        refused ||= Boolean(error);
        if ((waiting -= 1) === 0) resolve(refused);
      });
    });
    const late = this.#clock.sleep(CONFIRM_WITHIN_MS, settled.signal).then((): never => {
      throw new Error(`no confirm within ${CONFIRM_WITHIN_MS} ms: a broker short of disk or memory takes nothing in`);
    });
    late.catch(() => {}); // it also ends when the confirms were there first
    try {
      return await Promise.race([confirms, late]);
    } finally {
      settled.abort();
    }
  }
}
