import { createHash } from 'node:crypto';
import { RateLimitedError } from '@sagahub/contracts/errors.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import { KeyValueRateLimiter } from './key-value-rate-limiter.ts';

/** Wrong secrets within this time count together. */
const MEMORY_SECONDS = 15 * 60;
const FREE_FAILURES = 5;
const LONGEST_WAIT_SECONDS = 5 * 60;

/** Makes guessing a client's secret slow, without letting a stranger elsewhere lock the client out. */
export interface LoginGuard {
  /** @throws RateLimitedError while this client has to wait at this address */
  check(clientId: string, address: string): Promise<void>;
  /** From the fifth wrong secret on: 1 s, 2 s, 4 s … 5 min. */
  failed(clientId: string, address: string): Promise<void>;
  succeeded(clientId: string, address: string): Promise<void>;
}

export const loginGuard = (store: KeyValue): LoginGuard => {
  const failures = new KeyValueRateLimiter(store, { keyPrefix: 'login-failures', points: FREE_FAILURES, duration: MEMORY_SECONDS });
  const waits = new KeyValueRateLimiter(store, { keyPrefix: 'login-wait', points: 0, duration: LONGEST_WAIT_SECONDS });
  return {
    async check(clientId, address) {
      const wait = await waits.get(keyOf(clientId, address)).catch(() => null);
      if (wait && wait.msBeforeNext > 0) throw new RateLimitedError('login', wait.msBeforeNext);
    },
    async failed(clientId, address) {
      const key = keyOf(clientId, address);
      // Without the store nobody is slowed down, and nobody is refused either: the limit per address still stands.
      const counted = await failures.penalty(key).catch(() => undefined);
      const beyond = (counted?.consumedPoints ?? 0) - FREE_FAILURES;
      if (beyond >= 0) await waits.block(key, Math.min(2 ** beyond, LONGEST_WAIT_SECONDS)).catch(() => undefined);
    },
    async succeeded(clientId, address) {
      await failures.delete(keyOf(clientId, address)).catch(() => false);
    },
  };
};

/** Both parts come from outside and may be of any length. */
const keyOf = (clientId: string, address: string): string => createHash('sha256').update(`${address}\n${clientId}`).digest('base64url');
