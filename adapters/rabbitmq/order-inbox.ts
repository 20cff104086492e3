import { ClosedError } from '@sagahub/contracts/errors.ts';
import type { OrderInbox, Settlement } from '@sagahub/contracts/ports/order-inbox.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { type Engine, requireScheme, unavailable } from '../engine/engine.ts';
import type { Starting } from '../engine/starting.ts';
import { keepConnected } from './connection.ts';
import { inboundMessageOf, replyAddressOf, replyOptionsOf } from './inbound-message.ts';
import { declareInbox, INBOX } from './inbox-topology.ts';

export interface RabbitMqOrderInboxOptions extends Pick<Starting, 'clock' | 'logger'> {
  /** `amqp://` or `amqps://`, with the hub's user: it may read and declare what `inbox-topology.ts` lists, and write to reply queues. */
  readonly url: string;
  /** Setting the URL comes from, for messages. */
  readonly setting: string;
  /** Messages in hand at once; no more are taken while they are. */
  readonly prefetch: number;
}

/** What a bug keeps from being settled stays in hand for so long. */
const PAUSE_MS = 10_000;

type Handle = Parameters<OrderInbox['consume']>[0];

/** Orders from RabbitMQ 3.10 or newer. The broker may be away: the inbox is made without it, and takes messages once it is there. */
export const openRabbitMqOrderInbox = (options: RabbitMqOrderInboxOptions): OrderInbox => {
  const engine: Engine = { name: 'RabbitMQ', url: options.url, setting: options.setting };
  requireScheme(engine, 'amqp', 'amqps');
  let consumer: InboxConsumer | undefined;
  return {
    consume: async (handle) => {
      if (consumer) throw new Error('the inbox has one consumer in a process');
      consumer = new InboxConsumer(engine, options, handle);
      await consumer.connect();
      return consumer;
    },
    health: () => Promise.resolve(consumer?.health() ?? { name: CHECK, status: 'warn', output: 'takes no messages' }),
  };
};

const CHECK = 'orders-inbox:connection';

/**
 * | state | what happens | then |
 * |---|---|---|
 * | away | a connection is made, exchange and queue declared, messages consumed | up |
 * | away | any of that fails | away; next try after a pause from 250 ms to 2 s |
 * | up | the connection or its channel ends, or the queue is deleted | away; what is in hand is told, and comes again |
 * | any | disposed | takes nothing more, what is in hand is settled, what waits goes back; closed |
 */
class InboxConsumer implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #options: RabbitMqOrderInboxOptions;
  readonly #handle: Handle;
  readonly #inHand = new Set<Promise<void>>();
  readonly #leaving = new AbortController();
  #connection: AsyncDisposable | undefined;
  #up: { readonly channel: ConfirmChannel; readonly consumerTag: string } | undefined;
  #problem: unknown = new Error('not connected yet');

  constructor(engine: Engine, options: RabbitMqOrderInboxOptions, handle: Handle) {
    this.#engine = engine;
    this.#options = options;
    this.#handle = handle;
  }

  /** Tries for ever, in the background: a hub takes orders over HTTP while its broker is away. */
  async connect(): Promise<void> {
    const { clock, logger } = this.#options;
    this.#connection = await keepConnected({
      engine: this.#engine,
      name: 'sagahub orders inbox',
      clock,
      setUp: (model) => this.#setUp(model),
      onAway: (error) => {
        this.#up = undefined;
        this.#problem = error;
        logger.warn('the inbox of orders is away', { reason: unavailable(this.#engine, error).message });
      },
    });
  }

  health(): HealthCheck {
    if (this.#up) return { name: CHECK, status: 'pass' };
    // A warning: orders over HTTP do not need it, and those in the queue wait there.
    return { name: CHECK, status: 'warn', output: unavailable(this.#engine, this.#problem).message };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const up = this.#up;
    const cancelled = up?.channel.cancel(up.consumerTag).catch(() => {});
    this.#leaving.abort(new ClosedError('the inbox of orders'));
    await Promise.all(this.#inHand);
    await cancelled;
    await up?.channel.waitForConfirms().catch(() => {}); // replies that are lost come with the next delivery
    await this.#connection?.[Symbol.asyncDispose]();
  }

  async #setUp(model: ChannelModel): Promise<void> {
    const lost = new AbortController();
    const reset = (): void => {
      lost.abort(new ClosedError('the connection'));
      if (this.#up?.channel === channel) this.#up = undefined;
      model.close().catch(() => {}); // it may be what ended the channel
    };
    const channel = await model.createConfirmChannel();
    channel.on('error', () => {}); // `close` follows
    channel.on('close', reset);
    await channel.prefetch(this.#options.prefetch);
    await declareInbox(channel);
    const signal = AbortSignal.any([lost.signal, this.#leaving.signal]);
    const { consumerTag } = await channel.consume(INBOX, (message) => {
      if (!message) return reset(); // the queue was deleted
      const task = this.#settle(channel, message, signal).finally(() => this.#inHand.delete(task));
      this.#inHand.add(task);
    });
    this.#up = { channel, consumerTag };
  }

  /** Never rejects. On a channel that has ended meanwhile the broker settles: it brings the message again. */
  async #settle(channel: ConfirmChannel, message: ConsumeMessage, signal: AbortSignal): Promise<void> {
    const ignored = (act: () => void): void => {
      try {
        act();
      } catch {}
    };
    try {
      const settlement = signal.aborted ? LATER : await this.#handle(inboundMessageOf(message, signal));
      if (settlement.kind === 'later') return ignored(() => channel.nack(message, false, true));
      await reply(channel, message, settlement);
      ignored(() => channel.ack(message));
    } catch (error) {
      this.#options.logger.error('a message could not be settled; it comes again', {}, error);
      await this.#options.clock.sleep(PAUSE_MS, signal);
      ignored(() => channel.nack(message, false, true));
    }
  }
}

const LATER: Settlement = { kind: 'later' };

/** Sent, and confirmed by the broker, before the message is acknowledged; an address that is gone swallows it. */
const reply = async (channel: ConfirmChannel, message: ConsumeMessage, settlement: Settlement & { kind: 'done' }): Promise<void> => {
  const address = replyAddressOf(message);
  if (address === undefined) return;
  const sent = settlement.reply;
  await new Promise<void>((resolve, reject) =>
    channel.publish('', address, Buffer.from(sent.body), replyOptionsOf(message, sent), (error: unknown) =>
      error ? reject(error instanceof Error ? error : new Error('the reply was refused')) : resolve(),
    ),
  );
};
