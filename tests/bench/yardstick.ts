import { Generator } from './load.ts';
import { NodeProcess } from './node-process.ts';
import { CONNECTIONS } from './site.ts';

/**
 * Bare Express in a process of its own, under the same load: how fast the machine is at the moment. Virtual machines of one kind differ by
 * more than half, and so does one of them from minute to minute.
 */
export class Yardstick implements AsyncDisposable {
  readonly #express: NodeProcess<{ url: string }>;
  readonly #generator: Generator;
  #requests = 0;
  #seconds = 0;

  private constructor(express: NodeProcess<{ url: string }>) {
    this.#express = express;
    this.#generator = new Generator({ url: express.ready.url, token: 'unread' }, 'YARD', CONNECTIONS);
  }

  /** @param warmUp requests before any is measured */
  static async start(warmUp: number): Promise<Yardstick> {
    const yardstick = new Yardstick(await NodeProcess.start<{ url: string }>(new URL('./bare-express.ts', import.meta.url)));
    await yardstick.#generator.closedLoop(warmUp, CONNECTIONS);
    return yardstick;
  }

  /** Takes a turn; nothing else should be going on. */
  async measure(requests: number): Promise<void> {
    const startedMs = performance.now();
    await this.#generator.closedLoop(requests, CONNECTIONS);
    this.#seconds += (performance.now() - startedMs) / 1_000;
    this.#requests += requests;
  }

  /** Requests answered a second, over all turns. */
  get perSecond(): number {
    return this.#requests / this.#seconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generator[Symbol.asyncDispose]();
    await this.#express[Symbol.asyncDispose]();
  }
}
