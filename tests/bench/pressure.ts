import { type Dispatcher, Pool } from 'undici';
import { nowMs, type Sent, type Target } from './load.ts';
import { ORDERS } from './work.ts';

/** How often it is looked what is due. */
const TICK_MS = 2;
/** Plenty, as many clients have together. */
const MANY_CONNECTIONS = 512;
/** Orders that wait for their answer, or for a connection: nobody's clients keep more. Those whose time comes then are never sent. */
const MOST_OUTSTANDING = 10_000;

/** What became of orders that were offered. */
export class Tally {
  readonly accepted: Sent[] = [];
  /** By status; 0: the connection failed. */
  readonly refused = new Map<number, number>();
  readonly refusedAfterMs: number[] = [];
  /** Refusals that did not say when to come again. */
  withoutRetryAfter = 0;
  /** Their time came, and too many others were outstanding. */
  unsent = 0;
  /** How late the generator itself was; part of every latency. */
  readonly latenessMs: number[] = [];
  seconds = 0;
  /** Accepted before the last was offered. */
  inTime = 0;

  get refusals(): number {
    return [...this.refused.values()].reduce((sum, count) => sum + count, 0);
  }
  /** Of those that were answered while others were still offered. */
  get acceptedPerSecond(): number {
    return this.inTime / this.seconds;
  }
  /** Sent, whatever was answered. */
  get reachedPerSecond(): number {
    return (this.accepted.length + this.refusals) / this.seconds;
  }

  refuse(status: number, afterMs: number, retryAfter: unknown): void {
    this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
    this.refusedAfterMs.push(afterMs);
    if (retryAfter === undefined) this.withoutRetryAfter += 1;
  }
}

/** Offers orders in an open loop and takes a refusal for an answer. Latency counts from the time at which an order should have been sent. */
export class Pressure implements AsyncDisposable {
  readonly #connections: number;
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #prefix: string;
  #n = 0;
  #outstanding = 0;

  /** @param prefix of the names: those on one hub need different ones */
  constructor({ url, token }: Target, prefix: string, connections = MANY_CONNECTIONS) {
    this.#connections = connections;
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    this.#prefix = prefix;
  }

  /** Opens all connections, as a client's pool has them. */
  async connect(): Promise<void> {
    const one = async () =>
      (await this.#pool.request({ path: `${ORDERS.path}?limit=1`, method: 'GET', headers: this.#headers })).body.dump();
    await Promise.all(Array.from({ length: this.#connections }, one));
  }

  /** Ends when everything that was sent has its answer. */
  async offer(perSecond: number, seconds: number): Promise<Tally> {
    const tally = new Tally();
    const total = Math.ceil(perSecond * seconds);
    const startMs = nowMs();
    // Counted, not kept: millions of promises take the generator's time.
    let unanswered = 0;
    const all = Promise.withResolvers<void>();
    const answered = (): void => void ((unanswered -= 1) === 0 && tally.seconds > 0 && all.resolve());
    await new Promise<void>((resolve) => {
      let due = 0;
      const tick = () => {
        const next = Math.min(total, Math.floor(((nowMs() - startMs) / 1_000) * perSecond));
        for (; due < next; due += 1) {
          const atMs = startMs + ((due + 1) / perSecond) * 1_000;
          if (this.#outstanding >= MOST_OUTSTANDING) tally.unsent += 1;
          else {
            unanswered += 1;
            this.#send(atMs, tally, answered);
          }
        }
        if (due < total) setTimeout(tick, TICK_MS);
        else resolve();
      };
      tick();
    });
    tally.seconds = (nowMs() - startMs) / 1_000;
    tally.inTime = tally.accepted.length;
    if (unanswered > 0) await all.promise;
    return tally;
  }

  #send(atMs: number, tally: Tally, answered: () => void): void {
    const n = this.#n++;
    const name = `${this.#prefix}-${n}`;
    this.#outstanding += 1;
    tally.latenessMs.push(Math.max(0, nowMs() - atMs));
    let status = 0;
    let retryAfter: unknown;
    const end = () => {
      this.#outstanding -= 1;
      const latencyMs = nowMs() - atMs;
      if (status === 202) tally.accepted.push({ name, atMs, latencyMs });
      else tally.refuse(status, latencyMs, retryAfter);
      answered();
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode, headers) => {
        status = statusCode;
        retryAfter = headers['retry-after'];
      },
      onResponseData: () => {},
      onResponseEnd: end,
      onResponseError: () => {
        status = 0;
        end();
      },
    };
    this.#pool.dispatch({ path: ORDERS.path, method: 'POST', headers: this.#headers, body: ORDERS.bodyOf(name, n) }, handler);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.close();
  }
}
