import { constants } from 'node:os';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';

/** The parts of `process` that ending it needs; a test gives its own. */
export interface EndingProcess {
  on(event: string, listener: (...args: any[]) => void): unknown;
  off(event: string, listener: (...args: any[]) => void): unknown;
  exit(code: number): void;
  getActiveResourcesInfo(): readonly string[];
}

export interface ShutdownOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Takes no new work, finishes what is in hand, closes everything. Called once. */
  readonly drain: () => Promise<void>;
  /** How long draining may take before the process ends regardless. Default 30,000. */
  readonly deadlineMs?: number;
  /** Named in the log when the deadline has passed, e.g. `3 requests`. Default: what keeps the event loop busy. */
  readonly stillOpen?: () => readonly string[];
  readonly process?: EndingProcess;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;
const EXIT_FAILED = 1;

/**
 * Ends this process in an orderly way. Disposing stops listening.
 *
 * | state | what happens | then |
 * |---|---|---|
 * | running | SIGTERM or SIGINT | draining |
 * | draining | drained | exit 0 |
 * | draining | draining failed, or the deadline passed | logged with what is still open; exit 1 |
 * | draining | a second signal | exit 128 + its number, at once |
 * | any | something was thrown that nobody caught | logged; exit 1, at once: the log is safe, and what state memory is in nobody knows |
 */
export const endOnSignals = (options: ShutdownOptions): Disposable => {
  const { logger, clock, drain, deadlineMs = 30_000, process: target = process } = options;
  const stillOpen = options.stillOpen ?? (() => counted(target.getActiveResourcesInfo()));
  let draining = false;

  const end = async (): Promise<void> => {
    // Sleeping on the clock does not keep the process alive; waiting for the drain has to.
    const awake = setInterval(() => {}, 60_000);
    const drained = new AbortController();
    try {
      const inTime = await Promise.race([drain().then(() => true), clock.sleep(deadlineMs, drained.signal).then(() => false)]);
      if (inTime) logger.info('everything is closed');
      else logger.error(`not everything was closed within ${deadlineMs} ms`, { stillOpen: stillOpen().join(', ') });
      target.exit(inTime ? 0 : EXIT_FAILED);
    } catch (error) {
      logger.error('closing failed', { stillOpen: stillOpen().join(', ') }, error);
      target.exit(EXIT_FAILED);
    } finally {
      drained.abort();
      clearInterval(awake);
    }
  };
  const onSignal = (signal: (typeof SIGNALS)[number]): void => {
    if (draining) {
      logger.warn('stopped at once, on a second signal', { signal, stillOpen: stillOpen().join(', ') });
      return target.exit(128 + constants.signals[signal]);
    }
    draining = true;
    logger.info('closing; a second signal ends the process at once', { signal, deadlineMs });
    void end();
  };
  const onFault = (error: unknown): void => {
    logger.error('a fault nobody caught; the process ends, the next start goes on from the log', {}, error);
    target.exit(EXIT_FAILED);
  };

  for (const signal of SIGNALS) target.on(signal, onSignal);
  for (const fault of FAULTS) target.on(fault, onFault);
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) target.off(signal, onSignal);
      for (const fault of FAULTS) target.off(fault, onFault);
    },
  };
};

/** `TCPSocketWrap, Timeout, Timeout` → `1 TCPSocketWrap`, `2 Timeout`. */
const counted = (names: readonly string[]): string[] =>
  [...Map.groupBy(names, (name) => name)].map(([name, { length }]) => `${length} ${name}`);
