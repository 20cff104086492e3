import { randomUUID } from 'node:crypto';
import amqp, { type ChannelModel, type ConfirmChannel, type Options } from 'amqplib';
import type { RabbitMqServer } from '../servers/rabbitmq.ts';

export interface AmqpAnswer {
  /** Of HTTP. */
  readonly status: number;
  readonly replayed: boolean;
  readonly contentType: string;
  readonly body: any;
}

/** Makes the hub's user, who owns the inbox and may write to whoever is to be answered; answers its URL. */
export const addHubUser = (broker: RabbitMqServer): Promise<string> =>
  broker.addUser('hub', {
    configure: '^orders\\.inbound$',
    write: '^(orders\\.inbound|amq\\.default)$',
    read: '^orders\\.inbound$',
  });

/** A partner's system at the broker: its user may put orders into the inbox, and nothing else. */
export class AmqpPartner implements AsyncDisposable {
  readonly channel: ConfirmChannel;
  readonly #connection: ChannelModel;
  readonly #clientId: string;
  readonly #waiting = new Map<string, (answer: AmqpAnswer) => void>();

  private constructor(connection: ChannelModel, channel: ConfirmChannel, clientId: string) {
    this.#connection = connection;
    this.channel = channel;
    this.#clientId = clientId;
  }

  /** @param clientId a client of the hub, whose name its user has */
  static async connect(broker: RabbitMqServer, clientId: string): Promise<AmqpPartner> {
    await broker.addUser(clientId, { configure: '^$', write: '^orders\\.inbound$', read: '^$' });
    return AmqpPartner.as(broker, clientId);
  }

  /** As a user that is there already. */
  static async as(broker: RabbitMqServer, clientId: string): Promise<AmqpPartner> {
    const connection = await amqp.connect(broker.urlOf(clientId));
    const channel = await connection.createConfirmChannel();
    const partner = new AmqpPartner(connection, channel, clientId);
    await channel.consume('amq.rabbitmq.reply-to', (message) => message && partner.#take(message), { noAck: true });
    return partner;
  }

  /** The hub's answer to an order, or to whatever bytes are sent instead. */
  request(body: object | string | Buffer, properties: Options.Publish = {}): Promise<AmqpAnswer> {
    const correlationId = properties.correlationId ?? randomUUID();
    const { promise, resolve } = Promise.withResolvers<AmqpAnswer>();
    this.#waiting.set(correlationId, resolve);
    return this.send(body, { replyTo: 'amq.rabbitmq.reply-to', ...properties, correlationId }).then(() => promise);
  }

  /** Resolves when the broker has it. */
  async send(body: object | string | Buffer, properties: Options.Publish = {}): Promise<void> {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    this.channel.publish('orders.inbound', '', bytes, { persistent: true, userId: this.#clientId, ...properties });
    await this.channel.waitForConfirms();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close().catch(() => {});
  }

  #take({ content, properties }: amqp.ConsumeMessage): void {
    const { status, 'idempotent-replayed': replayed } = properties.headers as { status: number; 'idempotent-replayed'?: boolean };
    const answer = {
      status,
      replayed: replayed === true,
      contentType: String(properties.contentType),
      body: JSON.parse(content.toString()),
    };
    this.#waiting.get(String(properties.correlationId))?.(answer);
  }
}
