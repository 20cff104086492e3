import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import amqp, { type ChannelModel } from 'amqplib';
import type { Engine } from '../engine/engine.ts';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Without a sign of life for two to three times as long the connection is made anew. The least that RabbitMQ advises (its guide to heartbeats). */
export const HEARTBEAT_SECONDS = 5;
/** A broker that does not answer the farewell has to do without it. */
const CLOSE_WITHIN_MS = 2_000;

export interface KeptConnection {
  readonly engine: Engine;
  /** As the broker's own list of connections shows it. */
  readonly name: string;
  readonly clock: Clock;
  /** On every connection: a new one has nothing of the old. When it fails, the next one is tried. */
  readonly setUp: (model: ChannelModel) => Promise<void>;
  readonly onAway: (error: Error) => void;
}

/** Tries for ever, in the background, to have a connection: what does not need the broker goes on while it is away. Disposing closes it. */
export const keepConnected = async ({ engine, name, clock, setUp, onAway }: KeptConnection): Promise<AsyncDisposable> => {
  const url = new URL(engine.url);
  if (!(Number(url.searchParams.get('heartbeat')) > 0)) url.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  const connection = await amqp.connect(url.href, {
    timeout: 5_000,
    noDelay: true,
    keepAlive: true,
    clientProperties: { connection_name: name },
    recovery: {
      initialDelay: FIRST_RETRY_MS,
      maxDelay: LONGEST_RETRY_MS,
      waitForConnect: false,
      setup: (model: ChannelModel) => {
        model.on('error', () => {}); // nobody else listens yet, and `close` follows
        // It is closed before the next one is tried when the set-up fails; amqplib waits for the answer even when the connection is gone.
        const close = model.close.bind(model);
        model.close = () => inTime(clock, close());
        return setUp(model);
      },
    },
  });
  connection.on('connect-failed', onAway);
  connection.on('disconnect', onAway);
  connection.on('error', () => {}); // `disconnect` follows
  return {
    [Symbol.asyncDispose]: () => inTime(clock, connection.close()),
  };
};

const inTime = async (clock: Clock, closing: Promise<void>): Promise<void> => {
  const closed = new AbortController();
  await Promise.race([closing.finally(() => closed.abort()), clock.sleep(CLOSE_WITHIN_MS, closed.signal)]);
};
