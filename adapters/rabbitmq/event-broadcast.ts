import { ClosedError } from '@sagahub/contracts/errors.ts';
import type {
  BroadcastMessage,
  ConsumerQueue,
  EventBroadcast,
  RefusalVerdict,
  RefusedMessage,
} from '@sagahub/contracts/ports/event-broadcast.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import type { Channel, ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import { codeOf, type Engine, requireScheme, unavailable } from '../engine/engine.ts';
import type { Starting } from '../engine/starting.ts';
import {
  consumerName,
  declareConsumer,
  declareEvents,
  declareRefused,
  EVENTS,
  joinEvents,
  leaveEvents,
  refusedQueue,
  waitQueue,
} from './broadcast-topology.ts';
import { Confirms } from './confirms.ts';
import { keepConnected } from './connection.ts';
import { againOptionsOf, optionsOf, refusedMessageOf } from './refused-message.ts';
import { DELETION_SETTLES_MS } from './topology.ts';

export interface RabbitMqEventBroadcastOptions extends Pick<Starting, 'clock' | 'logger'> {
  /** `amqp://` or `amqps://`, with the hub's user: it declares, reads and writes what `broadcast-topology.ts` lists. */
  readonly url: string;
  /** Setting the URL comes from, for messages. */
  readonly setting: string;
  /** For how long refused messages may be told to stay away; each has a queue. */
  readonly delaysMs: readonly number[];
}

/** A quorum queue without a leader takes a request and never answers. */
const ANSWER_WITHIN_MS = 5_000;
/** Refused messages in hand, of each consumer. */
const PREFETCH = 50;
/** What could not be taken in comes again after this. */
const PAUSE_MS = 1_000;
const CHECK = 'events:connection';
/** The broker's word for a queue that is not there. */
const NOT_FOUND = '404';

type Handle = (message: RefusedMessage) => Promise<RefusalVerdict>;
interface Taking {
  readonly consumers: readonly string[];
  readonly handle: Handle;
  /** On the present connection. */
  channels: readonly Channel[];
}
interface Up {
  readonly model: ChannelModel;
  readonly channel: ConfirmChannel;
  readonly confirms: Confirms;
}

/**
 * Events over RabbitMQ 3.10 or newer. The broker may be away: it is waited for in the background, and every call fails until it is there.
 *
 * Whatever asks about queues has a channel of its own, which the broker may close; publishing, and taking in what was refused, go by the
 * connection's own, whose end is the connection's: the next one has everything again.
 */
export const openRabbitMqEventBroadcast = async (options: RabbitMqEventBroadcastOptions): Promise<EventBroadcast> => {
  const engine: Engine = { name: 'RabbitMQ', url: options.url, setting: options.setting };
  requireScheme(engine, 'amqp', 'amqps');
  const broadcast = new RabbitMqEventBroadcast(engine, options);
  await broadcast.connect();
  return broadcast;
};

class RabbitMqEventBroadcast implements EventBroadcast {
  readonly #engine: Engine;
  readonly #options: RabbitMqEventBroadcastOptions;
  readonly #takings = new Set<Taking>();
  readonly #inHand = new Set<Promise<void>>();
  readonly #leaving = new AbortController();
  /** Told the queue of each message that came back because it is not there. */
  readonly #returns = new Set<(queue: string) => void>();
  #connection: AsyncDisposable | undefined;
  #up: Up | undefined;
  #problem: unknown = new Error('not connected yet');

  constructor(engine: Engine, options: RabbitMqEventBroadcastOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  async connect(): Promise<void> {
    const { clock, logger } = this.#options;
    this.#connection = await keepConnected({
      engine: this.#engine,
      name: 'sagahub events',
      clock,
      setUp: (model) => this.#setUp(model),
      onAway: (error) => {
        this.#up = undefined;
        this.#problem = error;
        logger.warn('the broker of events is away', { reason: unavailable(this.#engine, error).message });
      },
    });
  }

  async prepare(consumer: string): Promise<boolean> {
    if (await this.#messagesIn(consumerName(consumer))) return false;
    await this.#options.clock.sleep(DELETION_SETTLES_MS);
    await this.#asking((channel) => declareConsumer(channel, consumer, this.#options.delaysMs));
    return true;
  }

  async join(consumer: string, patterns: readonly string[]): Promise<void> {
    await this.#asking((channel) => joinEvents(channel, consumer, patterns));
  }

  async leave(consumer: string): Promise<void> {
    await this.#asking((channel) => leaveEvents(channel, consumer));
  }

  publish(messages: readonly BroadcastMessage[]): Promise<boolean> {
    return this.#publish(messages, ({ type }) => ({ exchange: EVENTS, key: type, mandatory: false }));
  }

  async publishTo(consumer: string, messages: readonly BroadcastMessage[]): Promise<'taken' | 'full' | 'missing'> {
    const queue = consumerName(consumer);
    return this.#watching(queue, async (isMissing) => {
      const taken = await this.#publish(messages, () => ({ exchange: '', key: queue, mandatory: true }));
      if (isMissing()) return 'missing';
      return taken ? 'taken' : 'full';
    });
  }

  async queueOf(consumer: string): Promise<ConsumerQueue | undefined> {
    const others = [refusedQueue(consumer), ...new Set(this.#options.delaysMs.map((delayMs) => waitQueue(consumer, delayMs)))];
    try {
      return await this.#asking(async (channel) => {
        const own = await channel.checkQueue(consumerName(consumer));
        let retrying = 0;
        for (const queue of others) retrying += (await channel.checkQueue(queue)).messageCount;
        return { waiting: own.messageCount, retrying, readers: own.consumerCount };
      });
    } catch (error) {
      if (codeOf((error as Error).cause) !== NOT_FOUND) throw error;
    }
    const own = await this.#messagesIn(consumerName(consumer));
    return own && { waiting: own.messageCount, retrying: 0, readers: own.consumerCount };
  }

  async takeRefused(consumers: readonly string[], handle: Handle): Promise<AsyncDisposable> {
    const taking: Taking = { consumers, handle, channels: [] };
    this.#takings.add(taking);
    const { model } = this.#up ?? {};
    // When this fails the connection has gone or is going, and the next one has it.
    if (model) await this.#attach(model, taking).catch(() => this.#reset(model));
    return {
      [Symbol.asyncDispose]: async () => {
        this.#takings.delete(taking);
        for (const channel of taking.channels) {
          channel.removeAllListeners('close');
          await channel.close().catch(() => {}); // what is in hand comes again
        }
      },
    };
  }

  health(): Promise<HealthCheck> {
    if (this.#up) return Promise.resolve({ name: CHECK, status: 'pass' });
    // A warning: objects are accepted and go on; consumers are told later.
    return Promise.resolve({ name: CHECK, status: 'warn', output: unavailable(this.#engine, this.#problem).message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort(new ClosedError('the broadcast of events'));
    await Promise.all(this.#inHand);
    await this.#connection?.[Symbol.asyncDispose]();
  }

  async #setUp(model: ChannelModel): Promise<void> {
    const channel = await model.createConfirmChannel();
    channel.on('error', () => {}); // `close` follows
    channel.on('close', () => this.#reset(model));
    channel.on('return', ({ fields }: Message) => this.#returns.forEach((told) => told(fields.routingKey)));
    await declareEvents(channel);
    for (const taking of this.#takings) await this.#attach(model, taking);
    this.#up = { model, channel, confirms: new Confirms(channel, this.#options.clock) };
  }

  #reset(model: ChannelModel): void {
    if (this.#up?.model === model) this.#up = undefined;
    model.close().catch(() => {}); // it may be what ended the channel
  }

  async #attach(model: ChannelModel, taking: Taking): Promise<void> {
    const { consumers, handle } = taking;
    taking.channels = [];
    for (const consumer of consumers) {
      const channel = await model.createChannel();
      taking.channels = [...taking.channels, channel];
      channel.on('error', () => {}); // `close` follows
      channel.on('close', () => this.#reset(model));
      await channel.prefetch(PREFETCH);
      await declareRefused(channel, consumer);
      await channel.consume(refusedQueue(consumer), (message) => {
        if (!message) return this.#reset(model); // the queue was deleted
        const task = this.#takeIn(channel, consumer, message, handle).finally(() => this.#inHand.delete(task));
        this.#inHand.add(task);
      });
    }
  }

  /** Never rejects. On a channel that has ended meanwhile the broker settles: it brings the message again. */
  async #takeIn(channel: Channel, consumer: string, message: Message, handle: Handle): Promise<void> {
    const { clock, logger } = this.#options;
    const settled = (act: () => void): void => {
      try {
        act();
      } catch {}
    };
    try {
      const refused = refusedMessageOf(consumer, message);
      const verdict = await handle(refused);
      if (verdict.kind === 'again') await this.#sendLater(consumer, message, refused.refusals, verdict.afterMs);
      settled(() => channel.ack(message));
    } catch (error) {
      logger.warn('what a consumer refused could not be taken in; it comes again', { consumer, reason: String(error) });
      await clock.sleep(PAUSE_MS, this.#leaving.signal);
      settled(() => channel.nack(message, false, true));
    }
  }

  async #sendLater(consumer: string, message: Message, refusals: number, afterMs: number): Promise<void> {
    const { channel, confirms } = this.#required();
    const options: Options.Publish = { ...againOptionsOf(message, refusals), mandatory: true };
    const queue = waitQueue(consumer, afterMs);
    const isThere = await this.#watching(queue, async (isMissing) => {
      const refused = await confirms.refusedAny(1, (confirm) => channel.publish('', queue, message.content, options, confirm));
      return !refused && !isMissing();
    });
    if (isThere) return;
    await this.#asking((asking) => declareConsumer(asking, consumer, this.#options.delaysMs));
    throw new Error(`the broker took nothing for the queue ${queue}`);
  }

  async #publish(
    messages: readonly BroadcastMessage[],
    to: (message: BroadcastMessage) => { readonly exchange: string; readonly key: string; readonly mandatory: boolean },
  ): Promise<boolean> {
    if (messages.length === 0) return true;
    const { channel, confirms } = this.#required();
    try {
      const refused = await confirms.refusedAny(messages.length, (confirm) => {
        for (const message of messages) {
          const { exchange, key, mandatory } = to(message);
          channel.publish(exchange, key, Buffer.from(message.body), { ...optionsOf(message), mandatory }, confirm);
        }
      });
      return !refused;
    } catch (error) {
      throw unavailable(this.#engine, error);
    }
  }

  /** A message comes back before it is confirmed. */
  async #watching<T>(queue: string, send: (isMissing: () => boolean) => Promise<T>): Promise<T> {
    let missing = false;
    const told = (returned: string): void => void (missing ||= returned === queue);
    this.#returns.add(told);
    try {
      return await send(() => missing);
    } finally {
      this.#returns.delete(told);
    }
  }

  async #messagesIn(queue: string): Promise<{ readonly messageCount: number; readonly consumerCount: number } | undefined> {
    try {
      return await this.#asking((channel) => channel.checkQueue(queue));
    } catch (error) {
      if (codeOf((error as Error).cause) === NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** On a channel for this alone: a question that the broker does not like ends it. */
  async #asking<T>(ask: (channel: Channel) => Promise<T>): Promise<T> {
    const { model } = this.#required();
    const answered = new AbortController();
    const late = this.#options.clock.sleep(ANSWER_WITHIN_MS, answered.signal).then((): never => {
      throw new Error(`no answer within ${ANSWER_WITHIN_MS} ms`);
    });
    late.catch(() => {}); // it also ends when the answer was there first
    let channel: Channel | undefined;
    try {
      channel = await Promise.race([model.createChannel(), late]);
      channel.on('error', () => {}); // the question fails with it
      return await Promise.race([ask(channel), late]);
    } catch (error) {
      throw unavailable(this.#engine, error);
    } finally {
      answered.abort();
      void channel?.close().catch(() => {}); // it may be closed already
    }
  }

  #required(): Up {
    if (!this.#up) throw unavailable(this.#engine, this.#problem);
    return this.#up;
  }
}
