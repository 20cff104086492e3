import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { decodeHint } from './hint-codec.ts';
import { declareQueue, DELETION_SETTLES_MS, queueName } from './topology.ts';

export interface ConsumerOptions {
  readonly clock: Clock;
  readonly queue: string;
  readonly prefetch: number;
  readonly onHint: (hint: Hint) => Promise<void>;
  /** Takes a hint whose handler threw, to bring it again later. */
  readonly onThrown: (hint: Hint) => void;
  /** Puts aside bytes that are no hint. */
  readonly onUndecodable: (queue: string, bytes: Buffer) => Promise<void>;
}

/**
 * One consumer, whichever connection it is on.
 *
 * | what happens | what it does |
 * |---|---|
 * | a connection is made | declares the queue and consumes on a channel of its own |
 * | the connection is lost | the hints in hand go on; the broker brings them again, which changes nothing |
 * | the queue is deleted | declares it and consumes again, on a new channel |
 * | the handler throws | hands the hint over to be brought again later, and acknowledges it: its place is free for the next |
 * | it leaves | takes nothing more, gives back what arrives, waits for what is in hand |
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  #channel: Channel | undefined;
  #consumerTag: string | undefined;
  #inHand = 0;
  #drained: PromiseWithResolvers<void> | undefined;
  #leaving = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** @param onLost told when the channel has ended, unless the consumer ended it */
  async attach(model: ChannelModel, onLost: () => void): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', () => {}); // `close` follows
    channel.on('close', onLost);
    await channel.prefetch(this.#options.prefetch);
    await declareQueue(channel, this.#options.queue);
    this.#channel = channel;
    const { consumerTag } = await channel.consume(queueName(this.#options.queue), (message) => {
      if (message) void this.#deliver(channel, message);
      else if (!this.#leaving) void this.#startOver(channel, model, onLost);
    });
    this.#consumerTag = consumerTag;
    if (this.#leaving) await channel.cancel(consumerTag);
  }

  /** Resolves when nothing is in hand. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const channel = this.#channel;
    const cancelled = this.#consumerTag === undefined ? undefined : channel?.cancel(this.#consumerTag).catch(() => {});
    if (this.#inHand > 0) await (this.#drained ??= Promise.withResolvers()).promise;
    await cancelled;
    channel?.removeAllListeners('close');
    await channel?.close().catch(() => {}); // it may be closed already
  }

  /** The queue was deleted. */
  async #startOver(channel: Channel, model: ChannelModel, onLost: () => void): Promise<void> {
    channel.off('close', onLost);
    try {
      await channel.close();
      await this.#options.clock.sleep(DELETION_SETTLES_MS);
      if (!this.#leaving) await this.attach(model, onLost);
    } catch {
      onLost();
    }
  }

  async #deliver(channel: Channel, message: ConsumeMessage): Promise<void> {
    if (this.#leaving) return settle(() => channel.nack(message, false, true));
    this.#inHand += 1;
    const hint = decodeHint(message.content);
    try {
      if (hint) await this.#handle(hint);
      else await this.#options.onUndecodable(this.#options.queue, message.content);
      settle(() => channel.ack(message));
    } catch {
      settle(() => channel.nack(message, false, true)); // the connection is on its way down
    }
    this.#inHand -= 1;
    if (this.#inHand === 0) this.#drained?.resolve();
  }

  async #handle(hint: Hint): Promise<void> {
    try {
      await this.#options.onHint(hint);
    } catch {
      // The handler's own engine has recorded and logged what went wrong; the bus only brings the hint again.
      this.#options.onThrown(hint);
    }
  }
}

/** On a channel that has ended meanwhile the broker settles: it brings the hint again. */
const settle = (act: () => void): void => {
  try {
    act();
  } catch {}
};
