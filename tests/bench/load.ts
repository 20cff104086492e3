import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, Pool } from 'undici';
import { ORDERS, type Work } from './work.ts';

export interface Target {
  readonly url: string;
  readonly token: string;
}

/** One order or payment that was accepted. */
export interface Sent {
  /** The partner's own: the order number, or the payment's reference. */
  readonly name: string;
  /** When it should have been sent (open loop) or was (closed loop), milliseconds since 1970. */
  readonly atMs: number;
  /** From `atMs` to the end of the answer, milliseconds. */
  readonly latencyMs: number;
}

/** Milliseconds since 1970, finer than `Date.now()`. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
/** How often an open loop looks what is due. */
const TICK_MS = 2;

/** Until one that was refused is sent again, milliseconds; `undefined`: it was accepted. */
type Refused = number | undefined;

/**
 * Sends orders, or payments, over kept-alive connections and notes how long each took. What is refused because too much comes is sent again
 * after `Retry-After`, as a partner would, and that time counts; any other answer than a 202 ends the measurement.
 */
export class Generator implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #prefix: string;
  readonly #work: Work;
  #n = 0;

  /** @param prefix of the names: generators on one hub need different ones */
  constructor({ url, token }: Target, prefix: string, connections: number, work: Work = ORDERS) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    this.#prefix = prefix;
    this.#work = work;
  }

  /** Each connection sends its next order when the last one was answered. */
  async closedLoop(count: number, connections: number): Promise<Sent[]> {
    const sent: Sent[] = [];
    const end = this.#n + count;
    const connection = async () => {
      while (this.#n < end) sent.push(await this.#send(nowMs()));
    };
    await Promise.all(Array.from({ length: connections }, connection));
    return sent;
  }

  /** Orders leave at their appointed time, whether those before were answered or not; latency counts from that time. */
  async openLoop(perSecond: number, seconds: number, onAccepted: (sent: Sent) => void = () => {}): Promise<Sent[]> {
    const total = perSecond * seconds;
    const startMs = nowMs();
    const sending: Promise<Sent>[] = [];
    const sendAt = async (atMs: number): Promise<Sent> => {
      const sent = await this.#send(atMs);
      onAccepted(sent);
      return sent;
    };
    await new Promise<void>((resolve) => {
      const tick = () => {
        const due = Math.min(total, Math.floor(((nowMs() - startMs) / 1_000) * perSecond));
        while (sending.length < due) sending.push(sendAt(startMs + ((sending.length + 1) / perSecond) * 1_000));
        if (sending.length < total) setTimeout(tick, TICK_MS);
        else resolve();
      };
      tick();
    });
    return Promise.all(sending);
  }

  async #send(atMs: number): Promise<Sent> {
    const n = this.#n++;
    const name = `${this.#prefix}-${n}`;
    for (let againMs = await this.#try(name, n); againMs !== undefined; againMs = await this.#try(name, n)) await sleep(againMs);
    return { name, atMs, latencyMs: nowMs() - atMs };
  }

  #try(name: string, n: number): Promise<Refused> {
    const { path, bodyOf } = this.#work;
    return new Promise((resolve, reject) => {
      let status = 0;
      let retryAfterMs: number | undefined;
      let answer = '';
      // The pool's lowest level: it halves what the generator takes from the two cores it shares with what it measures.
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode, headers) => {
          status = statusCode;
          if (status === 429 || status === 503) retryAfterMs = Number(headers['retry-after']) * 1_000;
        },
        onResponseData: (_controller, chunk) => {
          if (status !== 202) answer += chunk.toString();
        },
        onResponseEnd: () =>
          status === 202 || answer.includes('"HUB_OVERLOADED"') || answer.includes('"HUB_FAIR_SHARE_EXCEEDED"')
            ? resolve(status === 202 ? undefined : retryAfterMs)
            : reject(new Error(`${name} was answered ${status}: ${answer}`)),
        onResponseError: (_controller, error) => reject(error),
      };
      this.#pool.dispatch({ path, method: 'POST', headers: this.#headers, body: bodyOf(name, n) }, handler);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.close();
  }
}
