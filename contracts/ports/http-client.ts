/** One call to a third party. Nothing is retried and no redirect is followed: both are the caller's decisions. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `http:` or `https:`, absolute. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the start of the call, connecting included, to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Default 1 MiB. */
  readonly maxResponseBytes?: number;
  /** What becomes of a longer answer: `fail` (default), or `cut`: its beginning is enough, and the connection is closed. */
  readonly onLongResponse?: 'fail' | 'cut';
}

/** An answer that arrived completely, or as far as it was wanted, whatever its status. */
export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
}

/**
 * | reason               | what happened                                             | sent     |
 * |----------------------|-----------------------------------------------------------|----------|
 * | `forbidden`          | the address is none that may be called                    | false    |
 * | `unreachable`        | name not resolved, connection refused, no route           | false    |
 * | `tls`                | the handshake failed (certificate, protocol)              | false    |
 * | `timeout`            | `timeoutMs` passed                                        | either   |
 * | `reset`              | the connection broke                                      | either   |
 * | `aborted`            | the caller's signal, or the client was disposed           | either   |
 * | `response-too-large` | more than `maxResponseBytes`                              | true     |
 * | `malformed`          | what came back is no HTTP                                 | true     |
 */
export type HttpFailureReason = 'forbidden' | 'unreachable' | 'tls' | 'timeout' | 'reset' | 'aborted' | 'response-too-large' | 'malformed';

export interface HttpFailure {
  readonly kind: 'failure';
  readonly reason: HttpFailureReason;
  /** False: not one byte of the request left, so it had no effect. True: what it did is unknown. */
  readonly sent: boolean;
  /** For people and logs; host and code of the failure, never a header or a body. */
  readonly detail: string;
}

/** Calls third parties. Pools connections per origin; every failure is a value, so none can be forgotten. */
export interface HttpClient extends AsyncDisposable {
  /** Never rejects, except with TypeError for a URL or header that can not be sent at all. */
  request(call: HttpCall): Promise<HttpAnswer | HttpFailure>;
}

/** Calls addresses that outsiders chose, and none that they must not reach: every address of a name is checked, and the checked one is called. */
export interface SubscriberClient extends HttpClient {
  /** Why nothing at this host may be called at present, for its owner to read; `undefined` when it may. A name that does not resolve may not. */
  examine(host: string): Promise<string | undefined>;
}
