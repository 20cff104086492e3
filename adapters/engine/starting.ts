import { ClosedError, ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { type Engine, unavailable } from './engine.ts';

export interface Starting {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told why the engine is still being waited for, for readiness; `undefined` once it is there. */
  readonly onWaiting?: (reason: string | undefined) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;

/**
 * Tries until the engine is there, with growing pauses: a hub that starts before its engines waits for them instead of dying.
 * Every try that failed is logged with what was wrong and what to do.
 * @throws ClosedError the signal aborted; ConfigurationError of an attempt: waiting would not mend it
 */
export const waitForEngine = async <T>(
  engine: Engine,
  { clock, logger, onWaiting, signal }: Starting,
  attempt: () => Promise<T>,
): Promise<T> => {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(LONGEST_DELAY_MS, delayMs * 2)) {
    if (signal?.aborted) throw new ClosedError(`the connection to ${engine.name}`);
    try {
      const connected = await attempt();
      onWaiting?.(undefined);
      return connected;
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      const { message } = unavailable(engine, error);
      logger.warn(`waiting for ${engine.name}`, { reason: message, nextTryMs: delayMs });
      onWaiting?.(message);
      await clock.sleep(delayMs, signal);
    }
  }
};
