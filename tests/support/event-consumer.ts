import amqp, { type Channel, type ChannelModel } from 'amqplib';

/** A CloudEvent as a consumer gets it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly sequence: string;
  readonly partnerid: string;
  readonly data: Readonly<Record<string, any>>;
}
/** `hold`: it is kept in hand, for ever. */
export type Answer = 'take' | 'refuse' | 'hold';

/** A consumer of events in this process: it remembers what came, and answers as it is told. */
export class EventConsumer implements AsyncDisposable {
  readonly received: ReceivedEvent[] = [];
  answer: Answer;
  readonly #connection: ChannelModel;
  #cancel: () => Promise<void> = () => Promise.resolve();

  private constructor(connection: ChannelModel, answer: Answer) {
    this.#connection = connection;
    this.answer = answer;
  }

  /** @param prefetch events in hand at once */
  static async read(url: string, name: string, answer: Answer = 'take', prefetch = 100): Promise<EventConsumer> {
    const connection = await amqp.connect(url);
    connection.on('error', () => {});
    const consumer = new EventConsumer(connection, answer);
    await consumer.#attach(name, prefetch);
    return consumer;
  }

  /** Of different events, however often each came. */
  get distinct(): readonly ReceivedEvent[] {
    return [...new Map(this.received.map((event) => [event.id, event])).values()];
  }

  /** Takes what is on its way to it, and nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cancel().catch(() => {});
    await this.#connection.close().catch(() => {}); // the broker may have gone
  }

  async #attach(name: string, prefetch: number): Promise<void> {
    const channel: Channel = await this.#connection.createChannel();
    channel.on('error', () => {});
    await channel.prefetch(prefetch);
    const { consumerTag } = await channel.consume(`events.${name}`, (message) => {
      if (!message) return;
      this.received.push(JSON.parse(message.content.toString()) as ReceivedEvent);
      if (this.answer === 'take') channel.ack(message);
      if (this.answer === 'refuse') channel.nack(message, false, false);
    });
    this.#cancel = async () => void (await channel.cancel(consumerTag));
  }
}
