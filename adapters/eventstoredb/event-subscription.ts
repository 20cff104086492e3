import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { LOG_START, type SubscribeOptions, type Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadCall } from './client.ts';
import { needsNewClient, textOf } from './failures.ts';
import type { LogReader } from './log-reader.ts';
import { CHECKPOINT_EVERY, subscriptionRequest } from './requests.ts';
import type { Server } from './server.ts';
import { recordedEvent, type StoredEvent, storedEvent } from './stored-event.ts';

const DEFAULT_BATCH_SIZE = 500;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** What arrived: an event, or that nothing of interest was up to a position. */
type Arrival = StoredEvent | { readonly position: bigint; readonly bytes?: undefined };

/**
 * | it is | and does | until |
 * |---|---|---|
 * | beyond the end | compares its position with the log's end at each heartbeat | the log has come that far |
 * | following | hands over what the server sends; a full queue holds the server up | the call ends, fails, or is found dead |
 * | pausing | waits, longer each time (50 ms to 5 s) | it is over; then follows again, behind its own position |
 *
 * A connection can die without a sign. So when nothing arrived between two heartbeats, the log is read from where the subscription is: if there
 * is an event it should have had, the call is dead. If there is none, its position moves on, past what it is not interested in.
 */
export class EventSubscription implements Subscription {
  readonly done: Promise<void>;
  readonly #server: Server;
  readonly #reader: LogReader;
  readonly #categories: readonly string[] | undefined;
  readonly #onEvents: SubscribeOptions['onEvents'];
  readonly #batchSize: number;
  readonly #heartbeatMs: number;
  readonly #stop = new AbortController();
  #reached: bigint;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(server: Server, reader: LogReader, heartbeatMs: number, options: SubscribeOptions, ended: () => void) {
    this.#server = server;
    this.#reader = reader;
    this.#heartbeatMs = heartbeatMs;
    this.#categories = options.categories;
    this.#onEvents = options.onEvents;
    this.#batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
    this.#reached = options.after;
    this.done = this.#run().finally(ended);
    this.done.catch(() => {}); // told to whoever asks `done`, however late
  }

  get position(): bigint {
    return this.#reached;
  }

  /** Waits for the batch in hand. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => {});
  }

  async #run(): Promise<void> {
    const { clock, logger, name } = this.#server;
    while (!this.#stop.signal.aborted) {
      const { client } = this.#server;
      try {
        if (this.#reached > this.#reader.knownEnd && this.#reached > (await this.#reader.lastPosition())) {
          await clock.sleep(this.#heartbeatMs, this.#stop.signal);
          continue;
        }
        const from = this.#reached === LOG_START ? 'start' : this.#reached;
        const call = await client.openRead(subscriptionRequest(this.#reader.names.pattern(this.#categories), from));
        await this.#follow(new Arrivals(call, 2 * this.#batchSize));
      } catch (error) {
        if (error instanceof HandlerError) throw error.cause;
        if (this.#stop.signal.aborted) return;
        logger.warn('a subscription is resumed', { server: name, position: String(this.#reached), cause: textOf(error) });
        if (needsNewClient(error) && !(error instanceof DeadSubscriptionError)) this.#server.replace(client, error);
        await clock.sleep(this.#pauseMs, this.#stop.signal);
        this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  async #follow(arrivals: Arrivals): Promise<void> {
    const stop = (): void => arrivals.end(new Error('stopped'));
    this.#stop.signal.addEventListener('abort', stop, { once: true });
    void this.#watch(arrivals).catch((error: unknown) => arrivals.end(error as Error));
    try {
      while (!this.#stop.signal.aborted) {
        const taken = arrivals.take(this.#batchSize);
        if (taken.length > 0) await this.#deliver(taken);
        else await arrivals.next();
      }
    } finally {
      this.#stop.signal.removeEventListener('abort', stop);
      arrivals.close();
    }
  }

  async #deliver(taken: readonly Arrival[]): Promise<void> {
    this.#pauseMs = FIRST_PAUSE_MS;
    const { names, begin } = this.#reader;
    let position = this.#reached;
    const events: RecordedEvent[] = [];
    try {
      for (const arrival of taken) {
        if (arrival.position <= position || arrival.position < begin) continue;
        position = arrival.position;
        const event = arrival.bytes === undefined ? undefined : recordedEvent(arrival, names.prefix);
        if (event) events.push(event);
      }
      if (events.length > 0) await this.#onEvents(events);
    } catch (error) {
      throw new HandlerError('', { cause: error });
    }
    this.#reached = position;
    this.#reader.saw(position);
  }

  async #watch(arrivals: Arrivals): Promise<void> {
    for (;;) {
      const { count } = arrivals;
      await this.#server.clock.sleep(this.#heartbeatMs, arrivals.closed);
      if (arrivals.closed.aborted) return;
      if (arrivals.count !== count || !arrivals.isIdle) continue;
      const missed = await this.#reader.page(this.#reached, 2 * CHECKPOINT_EVERY);
      if (arrivals.count !== count || !arrivals.isIdle) continue;
      const wanted = new RegExp(this.#reader.names.pattern(this.#categories), 'u');
      if (missed.some(({ stream }) => wanted.test(stream)) || missed.length === 2 * CHECKPOINT_EVERY)
        throw new DeadSubscriptionError('the server had events for it, and sent none');
      const last = missed.at(-1);
      if (last) arrivals.add({ position: last.position });
    }
  }
}

class HandlerError extends Error {}
class DeadSubscriptionError extends Error {}

/** What the server sends, until it is taken. */
class Arrivals {
  readonly #call: ReadCall;
  readonly #capacity: number;
  readonly #closed = new AbortController();
  #queue: Arrival[] = [];
  #ended: Error | undefined;
  #wake: (() => void) | undefined;
  /** How much ever arrived. */
  count = 0;

  constructor(call: ReadCall, capacity: number) {
    this.#call = call;
    this.#capacity = capacity;
    call.on('error', (error: Error) => this.end(error));
    call.on('end', () => this.end(new Error('the server ended the subscription')));
    call.on('data', (response: streamsPb.ReadResp) => this.#receive(response));
  }

  /** Aborts when nothing more comes and nobody takes any more. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Whether the subscriber waits for more. */
  get isIdle(): boolean {
    return this.#wake !== undefined;
  }

  take(most: number): Arrival[] {
    const taken = this.#queue.slice(0, most);
    this.#queue = this.#queue.slice(most);
    if (this.#call.isPaused() && this.#queue.length < this.#capacity) this.#call.resume();
    return taken;
  }

  /** Something more arrived. Rejects with what ended the call. */
  async next(): Promise<void> {
    if (this.#ended) throw this.#ended;
    if (this.#queue.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  add(arrival: Arrival): void {
    this.#queue.push(arrival);
    if (this.#queue.length >= this.#capacity) this.#call.pause();
    this.#rouse();
  }

  /** What has arrived can still be taken. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#rouse();
  }

  close(): void {
    this.#closed.abort();
    this.#call.cancel();
  }

  #receive(response: streamsPb.ReadResp): void {
    const message = response.getEvent();
    const checkpoint = response.getCheckpoint();
    const arrival = message ? storedEvent(message) : checkpoint && { position: BigInt(checkpoint.getCommitPosition()) };
    if (!arrival) return;
    this.count += 1;
    this.add(arrival);
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
