import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { BrokenCircuitError, CircuitState, circuitBreaker, ConsecutiveBreaker, handleType } from 'cockatiel';

/** Unanswered requests in a row until a service is left alone. */
const FAILURES = 10;
/** How long it is left alone before one request tries again. */
const OPEN_MS = 1_000;

/** Keeps requests away from a service that does not answer, so that they fail at once instead of piling up. */
export interface UpstreamBreaker {
  readonly name: string;
  readonly isOpen: boolean;
  /** The next request may be the one that tries whether the service answers again, which all others wait for. */
  readonly isDoubtful: boolean;
  /** @throws UnavailableError while the service is left alone */
  run<T>(send: () => Promise<T>): Promise<T>;
}

/** Only a service that cannot be reached opens it; an answer, whatever its status, is an answer. */
export const upstreamBreaker = (name: string): UpstreamBreaker => {
  const policy = circuitBreaker(handleType(UnavailableError), { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES) });
  return {
    name,
    get isOpen() {
      return policy.state === CircuitState.Open;
    },
    get isDoubtful() {
      return policy.state !== CircuitState.Closed;
    },
    async run(send) {
      // The policy would have it wait for the one that tries.
      if (policy.state === CircuitState.HalfOpen) throw leftAlone(name);
      try {
        return await policy.execute(send);
      } catch (error) {
        throw error instanceof BrokenCircuitError ? leftAlone(name, error) : error;
      }
    },
  };
};

const leftAlone = (name: string, cause?: Error): UnavailableError =>
  new UnavailableError('HUB_SERVICE_UNAVAILABLE', `${name} does not answer at present; try again`, { retryAfterMs: OPEN_MS, cause });
