import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';

/** How long nobody else is hinted about a step that somebody has in hand. Longer than a call to a third party may take. */
export const HELD_LEASE_MS = 45_000;
/** Most hints are done with before this; the others' leases are made to last. */
const LOOK_EVERY_MS = 2_000;
/** A lease has this much left when it is renewed. */
const RENEW_BEFORE_MS = 15_000;

/** The hints that a process has in hand: worked on, or waiting their turn. While they are, their leases do not run out. */
export class HeldHints<Held> {
  readonly #held = new Map<string, { readonly hint: Hint; readonly held: Held; renewAtMs: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(hint: Hint): Held | undefined {
    return this.#held.get(keyOf(hint))?.held;
  }

  add(hint: Hint, held: Held): void {
    this.#held.set(keyOf(hint), { hint, held, renewAtMs: this.#clock.now() + LOOK_EVERY_MS });
  }

  delete(hint: Hint): void {
    this.#held.delete(keyOf(hint));
  }

  /** Until aborted. A lease that could not be renewed runs out: the step is then hinted once more, which changes nothing. */
  async keepLeases(openWork: Pick<OpenWork, 'renew'>, logger: Logger, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_EVERY_MS, signal);
      try {
        await this.#renew(openWork);
      } catch (error) {
        logger.warn('leases of work in hand could not be renewed', { reason: String(error) });
      }
    }
  }

  async #renew(openWork: Pick<OpenWork, 'renew'>): Promise<void> {
    const nowMs = this.#clock.now();
    const late = this.#held
      .values()
      .filter(({ renewAtMs }) => renewAtMs <= nowMs)
      .toArray();
    if (late.length === 0) return;
    await openWork.renew(
      late.map(({ hint }) => hint),
      nowMs + HELD_LEASE_MS,
    );
    for (const one of late) one.renewAtMs = nowMs + HELD_LEASE_MS - RENEW_BEFORE_MS;
  }
}

const keyOf = ({ stream, step }: Hint): string => `${stream} ${step}`;
