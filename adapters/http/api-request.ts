import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import type { Channel } from '@sagahub/contracts/api/channel.ts';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';

/** What a handler sees of a request. Query and signal are made when they are first asked for: most handlers of the hot path never do. */
export class IncomingApiRequest implements ApiRequest {
  body: unknown = undefined;
  principal: Principal | undefined = undefined;
  accepted: (() => void) | undefined = undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly correlationId: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly remoteAddress: string;
  readonly channel: Channel | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stopping: Set<AbortController>;
  #query: ApiRequest['query'] | undefined;
  #signal: AbortSignal | undefined;

  /** @param stopping where the controller of an open signal is found when the server drains */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    stopping: Set<AbortController>,
    known: Pick<ApiRequest, 'params' | 'correlationId' | 'requestId' | 'traceparent' | 'remoteAddress' | 'channel'>,
  ) {
    this.#request = request;
    this.#response = response;
    this.#stopping = stopping;
    this.params = known.params;
    this.correlationId = known.correlationId;
    this.requestId = known.requestId;
    this.traceparent = known.traceparent;
    this.remoteAddress = known.remoteAddress;
    this.channel = known.channel;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get url(): string {
    return this.#request.url ?? '/';
  }

  get headers(): ApiRequest['headers'] {
    // Only `set-cookie`, which no request carries, is ever an array.
    return this.#request.headers as ApiRequest['headers'];
  }

  get query(): ApiRequest['query'] {
    const at = this.url.indexOf('?');
    return (this.#query ??= at === -1 ? {} : parseQuery(this.url.slice(at + 1)));
  }

  get signal(): AbortSignal {
    if (this.#signal) return this.#signal;
    const controller = new AbortController();
    this.#signal = controller.signal;
    const closed = (): void => {
      this.#stopping.delete(controller);
      // Telling everybody of each request that was simply answered took the gateway a tenth of its time.
      if (!this.#response.writableFinished) controller.abort();
    };
    if (this.#response.closed) closed();
    else {
      this.#stopping.add(controller);
      this.#response.once('close', closed);
    }
    return this.#signal;
  }
}
