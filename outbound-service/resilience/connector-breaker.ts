import type { BreakerEvent } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { Breaker, type BreakerOptions, type BreakerState, type Leave, type OpenState } from './breaker.ts';
import { BreakerLog } from './breaker-log.ts';

export interface ConnectorBreakerOptions extends BreakerOptions {
  readonly connector: string;
  /** Queue of the work that waits while it is open. */
  readonly queue: string;
  /** How fast that work is let go when it closes. */
  readonly resumePerSecond: number;
}

export interface ConnectorBreakerPorts {
  readonly store: EventStore;
  readonly openWork: OpenWork;
  readonly runtime: Pick<SagaRuntime, 'wake'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A connector's breaker whose openings and closings are events, survive a restart, and set waiting work going again. */
export class ConnectorBreaker {
  readonly connector: string;
  readonly #options: ConnectorBreakerOptions;
  readonly #ports: ConnectorBreakerPorts;
  readonly #breaker: Breaker;
  readonly #log: BreakerLog;
  #waking: Promise<unknown> = Promise.resolve();

  static async open(options: ConnectorBreakerOptions, ports: ConnectorBreakerPorts): Promise<ConnectorBreaker> {
    const opened = new ConnectorBreaker(options, ports);
    opened.#breaker.restore(await opened.#log.read());
    return opened;
  }

  private constructor(options: ConnectorBreakerOptions, ports: ConnectorBreakerPorts) {
    this.connector = options.connector;
    this.#options = options;
    this.#ports = ports;
    this.#log = new BreakerLog(options.connector, ports.store, ports.clock);
    this.#breaker = new Breaker(options, ports.clock, { opened: (state) => this.#opened(state), closed: () => this.#closed() });
  }

  get state(): BreakerState {
    return this.#breaker.state;
  }

  enter(): Leave {
    return this.#breaker.enter();
  }

  waitUntilMs(): number {
    return this.#breaker.waitUntilMs();
  }

  /** By hand: recorded first, then in force, until it is closed by hand. */
  async openByHand(by: string, cause: string): Promise<void> {
    const { connector } = this;
    await this.#log.append({ type: 'BreakerOpened', data: { connector, cause, by } }, by);
    const { state } = this;
    const nowMs = this.#ports.clock.now();
    const sinceMs = state.state === 'closed' ? nowMs : state.sinceMs;
    this.#breaker.restore({ state: 'open', cause, by, sinceMs, probeAtMs: undefined, lastFailure: cause });
  }

  /** By hand: recorded first, then in force. Nothing when it is closed already. */
  async closeByHand(by: string, reason: string): Promise<void> {
    if (this.state.state === 'closed') return;
    const { connector } = this;
    await this.#log.append({ type: 'BreakerClosed', data: { connector, by, reason } }, by);
    this.#breaker.restore({ state: 'closed' });
    this.#wake();
  }

  /** Resolves when what it decided is in the log and the work it woke is on its way. */
  async settled(): Promise<void> {
    await this.#log.settled();
    await this.#waking;
  }

  #opened({ cause, by, probeAtMs }: OpenState): void {
    const { connector } = this;
    this.#ports.logger.error('breaker opened', { connector, cause });
    const probeAt = probeAtMs === undefined ? {} : { probeAt: new Date(probeAtMs).toISOString() };
    this.#record({ type: 'BreakerOpened', data: { connector, cause, by, ...probeAt } });
  }

  #closed(): void {
    const { connector } = this;
    this.#ports.logger.info('breaker closed', { connector });
    this.#record({ type: 'BreakerClosed', data: { connector, by: 'hub' } });
    this.#wake();
  }

  /** The breaker acts on what it decided whether it could be recorded or not; a full disk must not keep calls going to a dead ERP. */
  #record(event: BreakerEvent): void {
    this.#log
      .append(event, 'hub')
      .catch((error: unknown) => this.#ports.logger.error('breaker event not recorded', { connector: this.connector }, error));
  }

  #wake(): void {
    this.#waking = this.#wakeEvenly().catch((error: unknown) =>
      // It comes by itself: no work waits longer for a breaker than it says in `waitUntilMs`.
      this.#ports.logger.error('waiting work not woken', { connector: this.connector }, error),
    );
  }

  async #wakeEvenly(): Promise<void> {
    const { openWork, runtime, clock } = this.#ports;
    const { queue, resumePerSecond } = this.#options;
    const backlog = (await openWork.stats(clock.now())).find((stats) => stats.queue === queue)?.open ?? 0;
    await runtime.wake(queue, Math.round((backlog / resumePerSecond) * 1_000));
  }
}
