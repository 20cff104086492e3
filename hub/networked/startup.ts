import type { Starting } from '@sagahub/adapters/engine/starting.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';

/**
 * Lets signals end the process at once while it starts, when nothing is in hand: the first process of a container ignores those it has no
 * handler for. Call the result once it has something to finish.
 */
export const endOnSignalsWhileStarting = (): (() => void) => {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const end = () => process.exit(0);
  for (const signal of signals) process.on(signal, end);
  return () => signals.forEach((signal) => process.off(signal, end));
};

/** What a process waits for before it can serve: told by its probes meanwhile. */
export class Startup {
  readonly #base: Starting;
  readonly #waiting = new Map<string, string>();

  constructor(base: Pick<Starting, 'clock' | 'logger'>) {
    this.#base = base;
  }

  /** For the adapter of an engine. @param check name of the adapter's own health check, e.g. `redis:connection` */
  of(check: string): Starting & { readonly onWaiting: (reason: string | undefined) => void } {
    return {
      ...this.#base,
      onWaiting: (reason) => {
        if (reason === undefined) this.#waiting.delete(check);
        else this.#waiting.set(check, reason);
      },
    };
  }

  /** Never empty: without an engine to wait for, the process itself is not done. */
  checks(): readonly HealthCheck[] {
    const waiting = [...this.#waiting].map(([name, output]) => ({ name, status: 'fail' as const, output }));
    return waiting.length > 0 ? waiting : [{ name: 'hub:starting', status: 'fail', output: 'the process is starting' }];
  }
}
