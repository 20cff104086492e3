import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { KurrentClient } from './client.ts';
import type { Connection } from './connection-url.ts';
import { isPassing, needsNewClient, textOf, translated } from './failures.ts';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export interface ServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a call is repeated while the server cannot be reached or does not answer. */
  readonly giveUpAfterMs: number;
}

/** The server as one that fails only for good: calls are repeated, and a client that is stuck is replaced. */
export class Server {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly giveUpAfterMs: number;
  readonly #connection: Connection;
  #client: KurrentClient;
  #isClosing = false;

  constructor(connection: Connection, { clock, logger, giveUpAfterMs }: ServerOptions) {
    this.name = connection.name;
    this.clock = clock;
    this.logger = logger;
    this.giveUpAfterMs = giveUpAfterMs;
    this.#connection = connection;
    this.#client = new KurrentClient(connection);
  }

  get client(): KurrentClient {
    return this.#client;
  }

  /**
   * Repeats what fails in passing. The caller sees to it that a repetition does no harm.
   * @throws UnavailableError when it still fails after {@link giveUpAfterMs}, or fails for good
   */
  async call<Answer>(attempt: (client: KurrentClient) => Promise<Answer>): Promise<Answer> {
    const giveUpAtMs = this.clock.now() + this.giveUpAfterMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const client = this.#client;
      try {
        return await attempt(client);
      } catch (error) {
        if (!isPassing(error) || this.#isClosing || this.clock.now() + pauseMs >= giveUpAtMs) throw translated(error, this.name);
        if (needsNewClient(error)) this.replace(client, error);
      }
      await this.clock.sleep(pauseMs);
    }
  }

  /** Puts a fresh client in the place of a broken one, once, however many notice. */
  replace(broken: KurrentClient, cause: unknown): void {
    if (this.#isClosing || broken !== this.#client) return;
    this.logger.warn('connecting to the event store anew', { server: this.name, cause: textOf(cause) });
    this.#client = new KurrentClient(this.#connection);
    void broken.close();
  }

  /** Calls under way fail the next time they fail. */
  stopRepeating(): void {
    this.#isClosing = true;
  }

  async close(): Promise<void> {
    this.stopRepeating();
    await this.#client.close();
  }
}
