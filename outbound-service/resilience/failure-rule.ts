import { CircuitState, ConsecutiveBreaker, SamplingBreaker } from 'cockatiel';

export interface FailureRuleOptions {
  /** Opens at this many failures in a row. */
  readonly consecutiveFailures: number;
  /** Opens when more than this share (0 to 1) of the calls of a window failed … */
  readonly failureShare: number;
  readonly windowMs: number;
  /** … and there were at least this many. Cockatiel counts in calls a second and defaults to 10, i.e. 100 calls in a window of 10 s. */
  readonly minimumCalls: number;
}

/** When failures open a breaker: cockatiel's rules, either one. */
export class FailureRule {
  readonly #options: FailureRuleOptions;
  #consecutive: ConsecutiveBreaker;
  #sampling: SamplingBreaker;
  #lastCallMs = 0;

  constructor(options: FailureRuleOptions) {
    this.#options = options;
    this.#consecutive = new ConsecutiveBreaker(options.consecutiveFailures);
    this.#sampling = this.#newSampling();
  }

  success(nowMs: number): void {
    this.#ageOut(nowMs);
    this.#consecutive.success();
    this.#sampling.success(CircuitState.Closed);
  }

  /** True: open. */
  failure(nowMs: number): boolean {
    this.#ageOut(nowMs);
    // Both count every failure, so both are asked.
    const inARow = this.#consecutive.failure();
    return this.#sampling.failure(CircuitState.Closed) || inARow;
  }

  reset(): void {
    this.#consecutive = new ConsecutiveBreaker(this.#options.consecutiveFailures);
    this.#sampling = this.#newSampling();
  }

  /** Cockatiel's window moves only with calls: after a pause it would still count what came before it. */
  #ageOut(nowMs: number): void {
    if (nowMs - this.#lastCallMs > this.#options.windowMs) this.#sampling = this.#newSampling();
    this.#lastCallMs = nowMs;
  }

  #newSampling(): SamplingBreaker {
    const { failureShare: threshold, windowMs: duration, minimumCalls } = this.#options;
    return new SamplingBreaker({ threshold, duration, minimumRps: (minimumCalls * 1_000) / duration });
  }
}
