import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import { Confirms } from './confirms.ts';
import type { Outgoing } from './hint-codec.ts';
import { declareQueue, declareUndecodable, DELETION_SETTLES_MS, queueName, UNDECODABLE } from './topology.ts';

/** Messages on their way at once; the rest of a large batch waits for their confirms. */
const WINDOW = 2_000;
/** How often a message is sent that the broker returns or refuses; its queue is declared anew before each repetition. */
const TRIES = 3;

/**
 * Publishes on one connection. A message is sent when the broker has confirmed it, which for a quorum queue means a majority has it on disk.
 *
 * A message that cannot be routed comes back first and is confirmed afterwards, as if nothing were wrong: that is how a queue that was
 * deleted shows itself. One that was under way to the queue just then is refused instead.
 */
export class Publisher {
  readonly #channel: ConfirmChannel;
  readonly #clock: Clock;
  readonly #confirms: Confirms;
  readonly #declared = new Map<string, Promise<void>>();
  /** Messages that came back, by batch. */
  readonly #returned = new Map<string, Outgoing[]>();
  #batches = 0;

  private constructor(channel: ConfirmChannel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#confirms = new Confirms(channel, clock);
    channel.on('return', ({ properties, fields, content }: Message) => {
      const queue = fields.routingKey.slice(queueName('').length);
      this.#returned.get(String(properties.correlationId))?.push({ queue, bytes: content });
    });
  }

  /** @param onLost told when the channel has ended, whoever ended it */
  static async open(model: ChannelModel, clock: Clock, onLost: () => void): Promise<Publisher> {
    const channel = await model.createConfirmChannel();
    channel.on('error', () => {}); // `close` follows
    channel.on('close', onLost);
    await declareUndecodable(channel);
    return new Publisher(channel, clock);
  }

  /** Resolves when the broker has them all. Some may be there when it fails. */
  async send(messages: readonly Outgoing[]): Promise<void> {
    for (let at = 0; at < messages.length; at += WINDOW) {
      let left: readonly Outgoing[] = messages.slice(at, at + WINDOW);
      for (let attempt = 1; left.length > 0; attempt += 1) {
        if (attempt > TRIES) throw new Error(`the broker takes nothing for the queue ${queueName(left[0]?.queue ?? '')}`);
        if (attempt > 1) await this.#clock.sleep(DELETION_SETTLES_MS);
        left = await this.#sendOnce(left);
      }
    }
  }

  async sendUndecodable(queue: string, bytes: Buffer): Promise<void> {
    const properties = { persistent: true, headers: { 'x-queue': queueName(queue) } };
    const refused = await this.#confirms.refusedAny(1, (confirm) => this.#channel.publish(UNDECODABLE, '', bytes, properties, confirm));
    if (refused) throw new Error(`the broker refused a message for ${UNDECODABLE}`);
  }

  /** Messages waiting in the queue. The answer of the queue itself: the management API lags seconds behind. */
  async backlog(queue: string): Promise<number> {
    await this.#declare(queue); // asking for a queue that is not there would end the channel
    try {
      return (await this.#channel.checkQueue(queueName(queue))).messageCount;
    } catch (error) {
      this.#declared.delete(queue);
      throw error;
    }
  }

  /** Asks the broker for nothing, to see that it answers. */
  async ping(): Promise<void> {
    await this.#channel.checkExchange(UNDECODABLE);
  }

  /** @returns those to send again; a refusal is not told of one message but of the batch, as a hint may be sent twice */
  async #sendOnce(messages: readonly Outgoing[]): Promise<readonly Outgoing[]> {
    for (const queue of new Set(messages.map((message) => message.queue))) await this.#declare(queue);
    const correlationId = String((this.#batches += 1));
    const returned: Outgoing[] = [];
    this.#returned.set(correlationId, returned);
    let refused = false;
    try {
      const properties = { mandatory: true, persistent: true, contentType: 'application/json', correlationId };
      refused = await this.#confirms.refusedAny(messages.length, (confirm) => {
        for (const { queue, bytes } of messages) this.#channel.publish('', queueName(queue), bytes, properties, confirm);
      });
    } finally {
      this.#returned.delete(correlationId);
    }
    const again = refused ? messages : returned;
    for (const { queue } of again) this.#declared.delete(queue);
    return again;
  }

  #declare(queue: string): Promise<void> {
    let declared = this.#declared.get(queue);
    if (!declared) {
      declared = declareQueue(this.#channel, queue);
      this.#declared.set(queue, declared);
      declared.catch(() => this.#declared.delete(queue));
    }
    return declared;
  }
}
