import type { Delivery } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpAnswer, HttpCall, HttpClient, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { type Authorization, type Credentials, credentialsFor, type RestAuth } from './credentials.ts';

/** Why a call was not made. */
export type NotMade = Exclude<Authorization, { kind: 'authorized' }>;

/** The largest answer that is read: a reference or a short list. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Calls of a third party that speaks JSON over HTTP: with credentials, the trace, and the object's id as the key that makes a repeat safe. */
export class HttpCalls {
  readonly #timeoutMs: number;
  readonly #http: HttpClient;
  readonly #credentials: Credentials;

  constructor(auth: RestAuth, timeoutMs: number, ports: { readonly http: HttpClient; readonly clock: Clock }) {
    this.#timeoutMs = timeoutMs;
    this.#http = ports.http;
    this.#credentials = credentialsFor(auth, ports.http, ports.clock, timeoutMs);
  }

  /** About one object. */
  call(method: 'GET' | 'POST', url: string, delivery: Delivery, body?: string): Promise<HttpAnswer | HttpFailure | NotMade> {
    const headers: Record<string, string> = { accept: 'application/json', 'x-correlation-id': delivery.correlationId };
    if (delivery.traceparent !== undefined) headers['traceparent'] = delivery.traceparent;
    if (body === undefined) return this.send({ method, url }, headers, delivery.signal);
    headers['content-type'] = 'application/json';
    headers['idempotency-key'] = delivery.objectId;
    return this.send({ method, url, body }, headers, delivery.signal);
  }

  /** After a 401 once more with fresh credentials, if such can be had. */
  async send(
    call: Pick<HttpCall, 'method' | 'url' | 'body'>,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<HttpAnswer | HttpFailure | NotMade> {
    for (let renewed = false; ; renewed = true) {
      const authorization = await this.#credentials.authorize(signal);
      if (authorization.kind !== 'authorized') return authorization;
      const { header } = authorization;
      if (header !== undefined) headers['authorization'] = header;
      const answer = await this.#http.request({
        ...call,
        headers,
        timeoutMs: this.#timeoutMs,
        signal,
        maxResponseBytes: MAX_ANSWER_BYTES,
      });
      const isStale = answer.kind === 'answer' && answer.status === 401 && !renewed && this.#credentials.renew(header);
      if (!isStale) return answer;
    }
  }
}

export const wasNotMade = (answer: HttpAnswer | HttpFailure | NotMade): answer is NotMade =>
  answer.kind === 'transient' || answer.kind === 'misconfigured';
