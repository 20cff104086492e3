import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import amqp, { type ChannelModel, type RecoveringChannelModel } from 'amqplib';
import type { Engine } from '../engine/engine.ts';

const FIRST_RETRY_MS = 250;
/** The hub is to be itself again within ten seconds of a broker that comes back. */
const LONGEST_RETRY_MS = 2_000;
/** Without a sign of life for two to three times as long the connection is made anew. The least that RabbitMQ advises (its guide to heartbeats). */
const HEARTBEAT_SECONDS = 5;
/** A broker that does not answer the farewell has to do without it. */
const CLOSE_WITHIN_MS = 2_000;

export interface ConnectionOptions {
  readonly engine: Engine;
  /** As the broker's own list of connections shows it. */
  readonly name: string;
  readonly clock: Clock;
  /** On every connection: a new one has nothing of the old. When it fails, or the connection ends meanwhile, the next one is tried. */
  readonly setUp: (model: ChannelModel) => Promise<void>;
  /** Unless the URL names some. Default 5, the least that RabbitMQ advises. */
  readonly heartbeatSeconds?: number | undefined;
}

export interface KeptConnection extends ConnectionOptions {
  readonly onAway: (error: Error) => void;
}

/** Tries for ever, in the background, to have a connection: what does not need the broker goes on while it is away. Closing it takes its time at most. */
export const connectForEver = async (options: ConnectionOptions): Promise<RecoveringChannelModel> => {
  const { engine, name, clock, setUp, heartbeatSeconds = HEARTBEAT_SECONDS } = options;
  const connection = await amqp.connect(withHeartbeat(engine.url, heartbeatSeconds), {
    timeout: 5_000,
    noDelay: true,
    keepAlive: true,
    clientProperties: { connection_name: name },
    recovery: {
      initialDelay: FIRST_RETRY_MS,
      maxDelay: LONGEST_RETRY_MS,
      waitForConnect: false,
      setup: async (model: ChannelModel) => {
        model.on('error', () => {}); // nobody else listens yet, and `close` follows
        let hasEnded = false;
        model.on('close', () => (hasEnded = true));
        // It is closed before the next one is tried when the set-up fails; amqplib waits for the answer even when the connection is gone.
        const close = model.close.bind(model);
        model.close = () => inTime(clock, close());
        await setUp(model);
        // amqplib listens for the end from here on, and would keep for ever what ended right behind the last answer.
        if (hasEnded) throw new Error('the connection ended while it was set up');
      },
    },
  });
  connection.on('error', () => {}); // `disconnect` follows
  const close = connection.close.bind(connection);
  connection.close = () => inTime(clock, close());
  return connection;
};

/** {@link connectForEver}, for those who need nothing of the connection but that it is there. Disposing closes it. */
export const keepConnected = async ({ onAway, ...options }: KeptConnection): Promise<AsyncDisposable> => {
  const connection = await connectForEver(options);
  connection.on('connect-failed', onAway);
  connection.on('disconnect', onAway);
  return { [Symbol.asyncDispose]: () => connection.close() };
};

/** amqplib takes `heartbeat=0` at its word and then never notices that a connection died; without any it takes the broker's minute. */
const withHeartbeat = (text: string, seconds: number): string => {
  const url = new URL(text);
  if (!(Number(url.searchParams.get('heartbeat')) > 0)) url.searchParams.set('heartbeat', String(seconds));
  return url.href;
};

const inTime = async (clock: Clock, closing: Promise<void>): Promise<void> => {
  const closed = new AbortController();
  await Promise.race([closing.finally(() => closed.abort()), clock.sleep(CLOSE_WITHIN_MS, closed.signal)]);
};
