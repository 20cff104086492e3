import { BY_HUB } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { FailureRule, type FailureRuleOptions } from './failure-rule.ts';

export interface BreakerOptions extends FailureRuleOptions {
  /** From opening to the first probe, and from a failed probe to the next. */
  readonly openMs: number;
}

/** What a call told about its third party. A refusal of an order is a success: somebody is there and answers. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly reason: string; readonly retryAfterMs?: number }
  /** Not worth counting: open at once. */
  | { readonly kind: 'trip'; readonly reason: string };

export interface OpenState {
  readonly state: 'open' | 'half-open';
  readonly cause: string;
  readonly by: string;
  readonly sinceMs: number;
  /** When the next call may try it; absent: only when somebody closes it. */
  readonly probeAtMs: number | undefined;
  /** What the last call met; absent: it was opened by hand while all was well. */
  readonly lastFailure: string | undefined;
}
export type BreakerState = { readonly state: 'closed' } | OpenState;

/** Told of what the breaker decides by itself, after it has. */
export interface BreakerListener {
  opened(state: OpenState): void;
  closed(): void;
}

/** One piece of work's leave to call. Settled exactly once, when the work is done. */
export interface Permit {
  /** The breaker is half-open and this work tries it: its failure spends no attempt. */
  readonly isProbe: boolean;
  /** Since it was last open, somebody's call has gone through: what fails now may fail by its own fault. */
  readonly isProven: boolean;
  /** What a call told. Of a probe, the last one counts, when the permit is settled. */
  record(verdict: Verdict): void;
  settle(): void;
}
export type Leave = { readonly kind: 'granted'; readonly permit: Permit } | { readonly kind: 'wait'; readonly untilMs: number };

/** What has failed as the probe comes so long after the next one: it lets somebody else try, as it may fail by its own fault. */
const BEHIND_OTHERS_MS = 1_000;
/** Work that waits for an open breaker comes back this far apart, one after the other … */
const PLACE_MS = 50;
/** … and at most this long after the next probe. When the breaker closes it is woken anyway. */
const LONGEST_PLACE_MS = 5 * 60 * 1_000;

/**
 * The breaker of one connector.
 *
 * | state     | a call …                              | becomes                                                          |
 * |-----------|---------------------------------------|------------------------------------------------------------------|
 * | closed    | is let through                        | open when {@link FailureRule} says so, or at once on a `trip`    |
 * | open      | waits until `probeAtMs`               | half-open with the first call behind `probeAtMs`                 |
 * | half-open | waits; one call is on its way         | closed when that one succeeds, open again when it fails          |
 *
 * It can be opened and closed by hand in any state; opened by hand it has no `probeAtMs` and stays open. Results of calls that began
 * before it opened change nothing. Counts live in this process; what it decides is told to the listener, which makes it last.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #listener: BreakerListener;
  readonly #rule: FailureRule;
  #state: BreakerState = { state: 'closed' };
  /** A probe has succeeded since it was last open. */
  #isProven = false;
  /** Calls that were told to wait since it opened or was last probed. */
  #waiting = 0;

  constructor(options: BreakerOptions, clock: Clock, listener: BreakerListener) {
    this.#options = options;
    this.#clock = clock;
    this.#listener = listener;
    this.#rule = new FailureRule(options);
  }

  get state(): BreakerState {
    return this.#state;
  }

  enter(): Leave {
    const state = this.#state;
    if (state.state === 'closed') return { kind: 'granted', permit: this.#permit() };
    const nowMs = this.#clock.now();
    if (state.state === 'open' && state.probeAtMs !== undefined && nowMs >= state.probeAtMs) {
      const probing: OpenState = { ...state, state: 'half-open' };
      this.#state = probing;
      return { kind: 'granted', permit: this.#probe(probing) };
    }
    return { kind: 'wait', untilMs: this.waitUntilMs() };
  }

  /**
   * When work that cannot be done now should come back: the first at the next probe, the others one behind the other.
   * @param hasProbed it has failed as the probe: somebody else is next
   */
  waitUntilMs(hasProbed = false): number {
    const nowMs = this.#clock.now();
    const probeAtMs = this.#state.state === 'open' ? this.#state.probeAtMs : undefined;
    const fromMs = probeAtMs !== undefined && probeAtMs > nowMs ? probeAtMs : nowMs + this.#options.openMs;
    if (hasProbed) return fromMs + BEHIND_OTHERS_MS;
    const placeMs = Math.min(this.#waiting * PLACE_MS, LONGEST_PLACE_MS);
    this.#waiting += 1;
    return fromMs + placeMs;
  }

  /** As the log tells it: at start, or because somebody opened or closed it by hand. The listener is not told. */
  restore(state: BreakerState): void {
    this.#state = state;
    this.#isProven = false;
    this.#waiting = 0;
    this.#rule.reset();
  }

  #permit(): Permit {
    let settled = false;
    return {
      isProbe: false,
      isProven: this.#isProven,
      record: (verdict) => {
        if (settled || this.#state.state !== 'closed') return;
        if (verdict.kind === 'success') this.#rule.success(this.#clock.now());
        else if (verdict.kind === 'trip' || this.#rule.failure(this.#clock.now())) this.#openOn(verdict);
      },
      settle: () => {
        settled = true;
      },
    };
  }

  #probe(probing: OpenState): Permit {
    let last: Verdict | undefined;
    return {
      isProbe: true,
      isProven: false,
      record: (verdict) => {
        last = verdict;
      },
      settle: () => {
        // Opened or closed by hand meanwhile: that stands.
        if (this.#state !== probing) return;
        if (last?.kind === 'success') return this.#close();
        // No call was made after all: whoever comes next may try.
        if (!last) return void (this.#state = { ...probing, state: 'open' });
        this.#waiting = 0;
        this.#state = { ...probing, state: 'open', probeAtMs: this.#nextProbeMs(last), lastFailure: last.reason };
      },
    };
  }

  #openOn(verdict: Exclude<Verdict, { kind: 'success' }>): void {
    const { reason: cause } = verdict;
    const probeAtMs = this.#nextProbeMs(verdict);
    const opened: OpenState = { state: 'open', cause, by: BY_HUB, sinceMs: this.#clock.now(), probeAtMs, lastFailure: cause };
    this.restore(opened);
    this.#listener.opened(opened);
  }

  #nextProbeMs(verdict: Exclude<Verdict, { kind: 'success' }>): number {
    const askedMs = verdict.kind === 'failure' ? (verdict.retryAfterMs ?? 0) : 0;
    return this.#clock.now() + Math.max(this.#options.openMs, askedMs);
  }

  #close(): void {
    this.restore({ state: 'closed' });
    this.#isProven = true;
    this.#listener.closed();
  }
}
