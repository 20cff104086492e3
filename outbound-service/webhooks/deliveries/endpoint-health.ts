import type { Clock } from '@sagahub/contracts/ports/clock.ts';

/** Failures in a row behind which an endpoint gets a rest. */
const REST_AFTER = 5;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/** May a message be sent there now, or when may one be? */
export type Leave = { readonly kind: 'go'; readonly isProbe: boolean } | { readonly kind: 'wait'; readonly untilMs: number };

interface Health {
  failures: number;
  restUntilMs: number;
  probing: boolean;
  lastSuccessMs: number | undefined;
}

/**
 * How endpoints do, as far as this process has seen. Whoever takes nothing costs one call per rest, however many messages wait, and
 * those keep their attempts.
 *
 * | an endpoint is | sends         | becomes                                                                                     |
 * |----------------|---------------|---------------------------------------------------------------------------------------------|
 * | well           | everything    | resting behind {@link REST_AFTER} failures in a row, or when it asks for it (`Retry-After`) |
 * | resting        | nothing       | on trial when the rest is over                                                              |
 * | on trial       | one message   | well, or resting twice as long (at most {@link LONGEST_REST_MS})                            |
 */
export class EndpointHealth {
  readonly #clock: Clock;
  readonly #endpoints = new Map<string, Health>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ask it and send at once; every `go` is answered by {@link succeeded}, {@link failed} or {@link unknown}. */
  enter(endpoint: string): Leave {
    const health = this.#endpoints.get(endpoint);
    if (!health || health.restUntilMs === 0) return { kind: 'go', isProbe: false };
    const nowMs = this.#clock.now();
    if (health.restUntilMs > nowMs) return { kind: 'wait', untilMs: health.restUntilMs };
    if (health.probing) return { kind: 'wait', untilMs: nowMs + FIRST_REST_MS };
    health.probing = true;
    return { kind: 'go', isProbe: true };
  }

  /** Until when it is left alone; `undefined` when it may be called, or tried. */
  restingUntilMs(endpoint: string): number | undefined {
    const restUntilMs = this.#endpoints.get(endpoint)?.restUntilMs ?? 0;
    return restUntilMs > this.#clock.now() ? restUntilMs : undefined;
  }

  succeeded(endpoint: string): void {
    this.#endpoints.set(endpoint, { failures: 0, restUntilMs: 0, probing: false, lastSuccessMs: this.#clock.now() });
  }

  /** @returns how many there were in a row */
  failed(endpoint: string, retryAfterMs = 0): number {
    const nowMs = this.#clock.now();
    const health = this.#endpoints.get(endpoint) ?? { failures: 0, restUntilMs: 0, probing: false, lastSuccessMs: undefined };
    health.failures += 1;
    health.probing = false;
    const rests = health.failures - REST_AFTER;
    const restMs = rests < 0 ? 0 : Math.min(FIRST_REST_MS * 2 ** Math.min(rests, 10), LONGEST_REST_MS);
    const asked = Math.min(retryAfterMs, LONGEST_REST_MS);
    if (restMs > 0 || asked > 0) health.restUntilMs = nowMs + Math.max(restMs, asked);
    this.#endpoints.set(endpoint, health);
    return health.failures;
  }

  /** A call that says nothing about the endpoint: the hub stops, or could not send. */
  unknown(endpoint: string): void {
    const health = this.#endpoints.get(endpoint);
    if (health) health.probing = false;
  }

  /** When it last took a message; `undefined`: not since this process started. */
  lastSuccessMs(endpoint: string): number | undefined {
    return this.#endpoints.get(endpoint)?.lastSuccessMs;
  }
}
