import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ApiClient, CallOptions } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import type { Witness } from '../witness.ts';
import { isWell, type Probe } from './outage.ts';

const EVERY_MS = 250;
/** So many that are held up tell enough, and following more of them would keep a hub busy that has to catch up. */
const UNDER_WAY_AT_MOST = 20;
/** After an answer that was not the last one; less often the longer it takes. */
const LOOK_EVERY_MS = 100;
const LOOK_AT_LEAST_EVERY_MS = 1_000;
/** Long enough for an order to come to its end, so that one look suffices. */
const WAIT = { prefer: 'wait=2' };
/** A client that gets no answer tries again, most likely elsewhere. */
const GIVE_UP_MS = 5_000;
/** So many are told of. */
const LAST = 10;

type Followed = { -readonly [Field in keyof Probe]: Probe[Field] } & { orderId?: string };

/** Sends an order every quarter of a second, unless too many are held up, and follows each to its end. */
export class Probes implements AsyncDisposable {
  readonly #client: ApiClient;
  readonly #witness: Witness;
  readonly #prefix: string;
  readonly #all: Followed[] = [];
  readonly #stop = new AbortController();
  readonly #following = new Set<Promise<void>>();
  readonly #running: Promise<void>;

  /** @param prefix of all order numbers sent, so that they are new */
  constructor(client: ApiClient, witness: Witness, prefix: string) {
    this.#client = client;
    this.#witness = witness;
    this.#prefix = prefix;
    this.#running = this.#run();
  }

  /** All that were sent since, and those that were not settled by then. */
  since(ms: number): readonly Probe[] {
    return this.#all.filter(({ sentAtMs, settledAtMs = Infinity }) => sentAtMs >= ms || settledAtMs >= ms);
  }

  isWell(sinceMs: number): boolean {
    return isWell(this.#all, sinceMs, Date.now());
  }

  /** For whoever looks for what is stuck: how the last ones went, and what the hub says of the one that has been held up for longest. */
  async describe(): Promise<string> {
    const took = ({ sentAtMs, settledAtMs, completed }: Probe): string =>
      settledAtMs === undefined ? 'under way' : `${completed ? 'completed' : 'failed'} after ${settledAtMs - sentAtMs} ms`;
    const oldest = this.#all.find(({ settledAtMs }) => settledAtMs === undefined);
    const answer = oldest?.orderId && (await this.#ask('GET', `/api/v1/orders/${oldest.orderId}`));
    const told = oldest && `; the oldest under way for ${Date.now() - oldest.sentAtMs} ms: ${(answer && answer.text) || 'no answer'}`;
    return `the last ones: ${this.#all.slice(-LAST).map(took).join(', ')}${told ?? ''}`;
  }

  /** No more are sent; those under way are followed to their end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#following);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let n = 1; !signal.aborted; n++) {
      if (this.#following.size < UNDER_WAY_AT_MOST) this.#follow(`${this.#prefix}-${n}`);
      await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #follow(orderNumber: string): void {
    const following: Promise<void> = this.#send(orderNumber).finally(() => this.#following.delete(following));
    this.#following.add(following);
  }

  async #send(orderNumber: string): Promise<void> {
    const probe: Followed = { sentAtMs: Date.now(), settledAtMs: undefined, completed: false };
    this.#all.push(probe);
    const accepted = await this.#ask('POST', '/api/v1/orders', { body: anOrder(orderNumber) });
    if (accepted?.status === 202) {
      const { orderId } = accepted.body as { orderId: string };
      probe.orderId = orderId;
      this.#witness.accept({ orderId, orderNumber, submission: 1 }, '{}', true); // one that is cancelled would look like one that is held up
      probe.completed = await this.#completes(orderId);
    }
    probe.settledAtMs = Date.now();
  }

  /** @returns whether it completed; false when nobody waits for it any more */
  async #completes(orderId: string): Promise<boolean> {
    const sinceMs = Date.now();
    while (!this.#stop.signal.aborted) {
      const answer = await this.#ask('GET', `/api/v1/orders/${orderId}`, { headers: WAIT });
      if (answer?.status === 200 && ['completed', 'rejected', 'cancelled'].includes(answer.body.status))
        return answer.body.status === 'completed';
      await sleep(Math.min(LOOK_EVERY_MS + (Date.now() - sinceMs) / 10, LOOK_AT_LEAST_EVERY_MS));
    }
    return false;
  }

  /** @returns undefined without an answer */
  async #ask(method: string, path: string, options: Pick<CallOptions, 'body' | 'headers'> = {}): Promise<Answer | undefined> {
    return this.#client.call(method, path, { ...options, signal: AbortSignal.timeout(GIVE_UP_MS) }).catch(() => undefined);
  }
}
