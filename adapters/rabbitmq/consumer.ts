import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { decodeHints } from './hint-codec.ts';
import { declareQueue, DELETION_SETTLES_MS, queueName } from './topology.ts';

export interface ConsumerOptions {
  readonly clock: Clock;
  readonly queue: string;
  readonly prefetch: number;
  readonly onHint: (hint: Hint) => Promise<void>;
  /** Takes a hint whose handler threw, to bring it again later. */
  readonly onThrown: (hint: Hint) => void;
  /** Puts aside bytes that are no hints. */
  readonly onUndecodable: (queue: string, bytes: Buffer) => Promise<void>;
}

/** A message, and how many of its hints are not settled. */
interface Delivery {
  readonly channel: Channel;
  readonly message: ConsumeMessage;
  left: number;
  /** Some of its hints were not taken up: the broker brings all of them again. */
  isGivenBack: boolean;
}

/**
 * One consumer, whichever connection it is on. Of the hints that a message brings together it takes up as many as may be in hand; the
 * message is settled when all of them are.
 *
 * | what happens | what it does |
 * |---|---|
 * | a connection is made | declares the queue and consumes on a channel of its own |
 * | the connection is lost | the hints in hand go on; the broker brings them again, which changes nothing |
 * | the queue is deleted | declares it and consumes again, on a new channel |
 * | the handler throws | hands the hint over to be brought again later, and acknowledges it: its place is free for the next |
 * | it leaves | takes nothing more, gives back what arrives and what was not taken up, waits for what is in hand |
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  #channel: Channel | undefined;
  #consumerTag: string | undefined;
  #inHand = 0;
  #waiting: { readonly hint: Hint; readonly delivery: Delivery }[] = [];
  #drained: PromiseWithResolvers<void> | undefined;
  #leaving = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** @param onLost told when the channel has ended, unless the consumer ended it */
  async attach(model: ChannelModel, onLost: () => void): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', () => {}); // `close` follows
    // What it brought and nobody has taken up comes again, on another one.
    channel.on('close', () => (this.#waiting = this.#waiting.filter(({ delivery }) => delivery.channel !== channel)));
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
    for (const { delivery } of this.#waiting.splice(0)) this.#settle(delivery, true);
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
    if (this.#leaving) return attempted(() => channel.nack(message, false, true));
    const hints = decodeHints(message.content);
    if (hints) {
      const delivery = { channel, message, left: hints.length, isGivenBack: false };
      for (const hint of hints) this.#waiting.push({ hint, delivery });
      return this.#takeUp();
    }
    this.#inHand += 1;
    try {
      await this.#options.onUndecodable(this.#options.queue, message.content);
      attempted(() => channel.ack(message));
    } catch {
      attempted(() => channel.nack(message, false, true)); // the connection is on its way down
    }
    this.#letGo();
  }

  #takeUp(): void {
    while (this.#inHand < this.#options.prefetch) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#inHand += 1;
      void this.#handle(next.hint).then(() => {
        this.#settle(next.delivery, false);
        this.#letGo();
      });
    }
  }

  #letGo(): void {
    this.#inHand -= 1;
    if (this.#inHand === 0) this.#drained?.resolve();
    this.#takeUp();
  }

  #settle(delivery: Delivery, isGivenBack: boolean): void {
    delivery.left -= 1;
    delivery.isGivenBack ||= isGivenBack;
    if (delivery.left > 0) return;
    const { channel, message } = delivery;
    attempted(() => (delivery.isGivenBack ? channel.nack(message, false, true) : channel.ack(message)));
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
const attempted = (act: () => void): void => {
  try {
    act();
  } catch {}
};
