import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type BreakerEvent, BY_HUB } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { Breaker, type BreakerOptions, type BreakerState, type Leave, type OpenState } from './breaker.ts';
import { BreakerLog, type BreakerTrace } from './breaker-log.ts';
import { replayBreaker } from './breaker-replay.ts';

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

/**
 * A connector's breaker whose openings and closings are events: they survive a restart, reach every replica that {@link follow}s the
 * log, and set waiting work going again.
 *
 * Calls are counted by each replica for itself, so one opens as fast as if it were alone, and its opening closes the way for all of
 * them. A replica acts on what it decided at once; in the log, where decisions of several meet, their order there counts.
 */
export class ConnectorBreaker {
  readonly connector: string;
  readonly #options: ConnectorBreakerOptions;
  readonly #ports: ConnectorBreakerPorts;
  readonly #breaker: Breaker;
  readonly #log: BreakerLog;
  /** Revision of the last event taken in. */
  #seen = NO_STREAM;
  /** Ids of what this replica decided and has not met in the log yet. */
  readonly #underWay = new Set<string>();
  /** Another replica decided something while ours was under way: from here on ours counts where it stands in the log. */
  #contested = false;
  #waking: Promise<unknown> = Promise.resolve();

  static async open(options: ConnectorBreakerOptions, ports: ConnectorBreakerPorts): Promise<ConnectorBreaker> {
    const opened = new ConnectorBreaker(options, ports);
    await opened.#catchUp();
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

  waitUntilMs(hasProbed = false): number {
    return this.#breaker.waitUntilMs(hasProbed);
  }

  get stream(): string {
    return this.#log.stream;
  }

  /** Takes in what the log holds of this breaker; what it knows already is passed over. */
  follow(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      if (event.revision <= this.#seen) continue;
      this.#seen = event.revision;
      const isOwn = this.#underWay.delete(event.id);
      if (!isOwn) this.#contested = this.#underWay.size > 0;
      if (isOwn && !this.#contested) continue; // in force since it was decided
      if (this.#underWay.size === 0) this.#contested = false;
      const next = replayBreaker(this.state, event);
      if (next !== this.state) this.#breaker.restore(next);
    }
  }

  /** By hand: recorded first, then in force, until it is closed by hand. */
  async openByHand(by: string, cause: string, trace?: BreakerTrace): Promise<void> {
    const { connector } = this;
    await this.#log.append(newId(), { type: 'BreakerOpened', data: { connector, cause, by } }, by, trace);
    await this.#catchUp();
  }

  /** By hand: recorded first, then in force. Nothing when it is closed already. */
  async closeByHand(by: string, reason: string, trace?: BreakerTrace): Promise<void> {
    await this.#catchUp();
    if (this.state.state === 'closed') return;
    const { connector } = this;
    await this.#log.append(newId(), { type: 'BreakerClosed', data: { connector, by, reason } }, by, trace);
    await this.#catchUp();
    this.#wake();
  }

  /** Its openings and closings, whoever decided them, newest first. */
  async history(limit: number): Promise<readonly RecordedEvent[]> {
    await this.#catchUp();
    return this.#seen === NO_STREAM ? [] : this.#log.newest(this.#seen, limit);
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
    this.#record({ type: 'BreakerClosed', data: { connector, by: BY_HUB } });
    this.#wake();
  }

  /** The breaker acts on what it decided whether it could be recorded or not; a full disk must not keep calls going to a dead ERP. */
  #record(event: BreakerEvent): void {
    const id = newId();
    this.#underWay.add(id);
    this.#log.append(id, event, BY_HUB).catch((error: unknown) => {
      this.#underWay.delete(id);
      this.#ports.logger.error('breaker event not recorded', { connector: this.connector }, error);
    });
  }

  async #catchUp(): Promise<void> {
    this.follow(await this.#log.read(this.#seen));
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
