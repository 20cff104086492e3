import { ClosedError } from '@sagahub/contracts/errors.ts';
import type { Hint, MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import type { ChannelModel, RecoveringChannelModel } from 'amqplib';
import { type Engine, type EngineHealth, HEALTH_TIMEOUT_MS, requireScheme, unavailable } from '../engine/engine.ts';
import type { Starting } from '../engine/starting.ts';
import { connectForEver } from './connection.ts';
import { Consumer } from './consumer.ts';
import { encodeHints } from './hint-codec.ts';
import { Publisher } from './publisher.ts';

export interface RabbitMqMessageBusOptions extends Starting {
  /** `amqp://` or `amqps://` (TLS), with user, password and virtual host: `amqps://hub:secret@rabbitmq.example/orders` */
  readonly url: string;
  /** How long a hint whose handler threw stays away. Default 1,000. */
  readonly redeliverAfterMs?: number;
  /** Without a sign of life from the broker for two to three times as long the connection is made anew. Default 5, the least that RabbitMQ advises. */
  readonly heartbeatSeconds?: number;
}

/** A quorum queue without a leader takes a consumer's request and never answers. */
const SET_UP_WITHIN_MS = 15_000;

/**
 * Hints over RabbitMQ 3.10 or newer, or 4. Opening waits until the broker is there.
 *
 * A lost connection is made again in the background, and with it queues, publisher and consumers. Meanwhile publishing fails at once with
 * `UnavailableError`, and consumers rest.
 *
 * | state | what happens | then |
 * |---|---|---|
 * | away | a connection is made, everything declared, every consumer attached | up |
 * | away | any of that fails | away; next try after a pause from 250 ms to 2 s |
 * | up | the connection ends, or the broker closes one of its channels | away: there is one way back for all that can break |
 * | any | closed | consumers finish what is in hand, hints that wait for their next delivery are sent, closed |
 */
export const openRabbitMqMessageBus = async (options: RabbitMqMessageBusOptions): Promise<MessageBus & EngineHealth> => {
  const engine: Engine = { name: 'RabbitMQ', url: options.url, setting: 'HUB_RABBITMQ_URL' };
  requireScheme(engine, 'amqp', 'amqps');
  const bus = new RabbitMqMessageBus(engine, options);
  await bus.connect();
  return bus;
};

interface Up {
  readonly model: ChannelModel;
  readonly publisher: Publisher;
  /** Why the broker takes nothing in at the moment. */
  blocked?: string;
}

class RabbitMqMessageBus implements MessageBus, EngineHealth {
  readonly #engine: Engine;
  readonly #options: RabbitMqMessageBusOptions;
  readonly #consumers = new Set<Consumer>();
  /** Hints on their way back after their handler threw. */
  readonly #returning = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #connection: RecoveringChannelModel | undefined;
  /** Of the present connection; absent while there is none. */
  #up: Up | undefined;
  #problem: unknown = new Error('not connected yet');
  #closed = false;

  constructor(engine: Engine, options: RabbitMqMessageBusOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  async connect(): Promise<void> {
    const { clock, heartbeatSeconds, logger, onWaiting, signal } = this.#options;
    const connection = await connectForEver({
      engine: this.#engine,
      name: 'sagahub',
      clock,
      heartbeatSeconds,
      setUp: (model) => this.#setUpInTime(model),
    });
    this.#connection = connection;
    const away = (error: Error): void => {
      this.#up = undefined;
      this.#problem = withReplyCode(error);
      const { message } = unavailable(this.#engine, this.#problem);
      logger.warn('RabbitMQ is away', { reason: message });
      onWaiting?.(message);
    };
    connection.on('connect-failed', away);
    connection.on('disconnect', away);
    connection.on('connect', () => onWaiting?.(undefined));
    const giveUp = () => void connection.close();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      if (signal?.aborted) giveUp();
      await connection.waitForConnect();
    } catch {
      throw new ClosedError('the message bus'); // it tries for ever, unless it is told to stop
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async publish(hints: readonly Hint[]): Promise<void> {
    this.#requireOpen();
    await this.#send(hints);
  }

  async consume(queue: string, options: Parameters<MessageBus['consume']>[1]): Promise<AsyncDisposable> {
    this.#requireOpen();
    const consumer = new Consumer({
      ...options,
      clock: this.#options.clock,
      queue,
      onThrown: (hint) => this.#bringAgain(hint),
      onUndecodable: (from, bytes) => this.#putAside(from, bytes),
    });
    this.#consumers.add(consumer);
    const up = this.#up;
    // When this fails the connection has gone or is going, and the consumer is attached to the next one.
    if (up) await consumer.attach(up.model, () => this.#reset(up.model)).catch(() => this.#reset(up.model));
    return {
      [Symbol.asyncDispose]: async () => {
        this.#consumers.delete(consumer);
        await consumer.leave();
      },
    };
  }

  async backlog(queue: string): Promise<number> {
    this.#requireOpen();
    return this.#translated((publisher) => publisher.backlog(queue));
  }

  async health(): Promise<HealthCheck> {
    const name = 'rabbitmq:connection';
    const late = new AbortController();
    try {
      const tooLate = this.#options.clock.sleep(HEALTH_TIMEOUT_MS, late.signal).then((): never => {
        throw unavailable(this.#engine, new Error(`no answer within ${HEALTH_TIMEOUT_MS} ms`));
      });
      tooLate.catch(() => {}); // it also ends when the answer was there first
      await Promise.race([this.#translated((publisher) => publisher.ping()), tooLate]);
      const blocked = this.#up?.blocked;
      if (blocked === undefined) return { name, status: 'pass' };
      return { name, status: 'warn', output: `the broker takes nothing in: ${blocked}` };
    } catch (error) {
      return { name, status: 'fail', output: error instanceof Error ? error.message : String(error) };
    } finally {
      late.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#consumers].map((consumer) => consumer.leave()));
    this.#closing.abort();
    await Promise.all(this.#returning);
    await this.#connection?.close();
  }

  async #setUpInTime(model: ChannelModel): Promise<void> {
    const done = new AbortController();
    const late = this.#options.clock.sleep(SET_UP_WITHIN_MS, done.signal).then((): never => {
      throw new Error(
        `the queues do not answer within ${SET_UP_WITHIN_MS} ms: if that lasts, delete the queue that its log complains of; its hints come again`,
      );
    });
    late.catch(() => {}); // it also ends when all was set up first
    try {
      await Promise.race([this.#setUp(model), late]);
    } finally {
      done.abort();
    }
  }

  /** A new connection has nothing of the old one: everything is declared and attached again. */
  async #setUp(model: ChannelModel): Promise<void> {
    const reset = () => this.#reset(model);
    const publisher = await Publisher.open(model, this.#options.clock, reset);
    for (const consumer of this.#consumers) await consumer.attach(model, reset);
    const up: Up = { model, publisher };
    model.on('blocked', (reason: string) => (up.blocked = reason));
    model.on('unblocked', () => delete up.blocked);
    this.#up = up;
  }

  /** One of its channels has ended: so does the connection, and the next one has everything again. */
  #reset(model: ChannelModel): void {
    if (this.#up?.model === model) this.#up = undefined;
    model.close().catch(() => {}); // it may be what ended the channel
  }

  async #send(hints: readonly Hint[]): Promise<void> {
    await this.#translated((publisher) => publisher.send(encodeHints(hints)));
  }

  /** Held here meanwhile, not by the broker: if this process dies, the sweeper finds the work again. */
  #bringAgain(hint: Hint): void {
    const returning = this.#options.clock
      .sleep(this.#options.redeliverAfterMs ?? 1_000, this.#closing.signal)
      .then(() => this.#send([hint]))
      .catch(() => {}) // the sweeper brings it
      .finally(() => this.#returning.delete(returning));
    this.#returning.add(returning);
  }

  async #putAside(queue: string, bytes: Buffer): Promise<void> {
    await this.#translated((publisher) => publisher.sendUndecodable(queue, bytes));
    this.#options.logger.error('a message is no hint; its bytes are in the queue sagahub.undecodable', { queue, bytes: bytes.length });
  }

  async #translated<T>(call: (publisher: Publisher) => Promise<T>): Promise<T> {
    const publisher = this.#up?.publisher;
    if (!publisher) throw unavailable(this.#engine, this.#problem);
    try {
      return await call(publisher);
    } catch (error) {
      throw unavailable(this.#engine, error);
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError('the message bus');
  }
}

/** What the broker answers to a greeting it refuses has its code in the text alone. */
const withReplyCode = (error: Error): Error => {
  const code = /^Handshake terminated by server: (\d+)/.exec(error.message)?.[1];
  return code === undefined ? error : Object.assign(error, { code });
};
