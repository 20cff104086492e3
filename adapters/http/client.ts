import type { HttpAnswer, HttpCall, HttpClient, HttpFailure, HttpFailureReason } from '@sagahub/contracts/ports/http-client.ts';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

export interface HttpClientOptions {
  /** Connections to one origin; further calls wait for one within their timeout. Default 64. */
  readonly connectionsPerOrigin?: number;
  /** How long an unused connection is kept. Default 10 s: below the idle timeout of usual servers, so that no call meets a closed one. */
  readonly keepAliveMs?: number;
  /** PEM of further certificate authorities. */
  readonly ca?: string;
  /** Asked before every call for its host, without brackets: why nothing there may be called. Default: everything may. */
  readonly refuse?: (host: string) => string | undefined;
  /** Resolves names, once per connection. Default: the machine's. */
  readonly lookup?: LookupFunction;
}

/** Calls waiting for the same connection must learn that nobody is there long before their own timeouts. */
const CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_RESPONSE_BYTES = 1024 * 1024;

/** Calls over undici's connection pool, one per origin. */
export const openHttpClient = (options: HttpClientOptions = {}): HttpClient => {
  const agent = new Agent({
    connections: options.connectionsPerOrigin ?? 64,
    keepAliveTimeout: options.keepAliveMs ?? 10_000,
    keepAliveMaxTimeout: 60_000,
    pipelining: 1,
    // The call's own timeout covers all phases; undici's are off.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(options.ca && { ca: options.ca }), ...(options.lookup && { lookup: options.lookup }) },
  });
  const { refuse } = options;
  return {
    request: (call) =>
      new Promise((resolve, reject) => {
        const refused = refuse?.(parseUrl(call.url).hostname.replace(/^\[|\]$/g, ''));
        if (refused === undefined) dispatch(agent, call, resolve, reject);
        else resolve({ kind: 'failure', reason: 'forbidden', sent: false, detail: refused });
      }),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};

/** One call as undici's dispatcher sees it. Whether anything was sent is known exactly: undici says when it starts to write. */
const dispatch = (
  agent: Dispatcher,
  call: HttpCall,
  resolve: (outcome: HttpAnswer | HttpFailure) => void,
  reject: (error: unknown) => void,
): void => {
  const { origin, pathname, search } = parseUrl(call.url);
  const maxBytes = call.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
  const chunks: Buffer[] = [];
  let size = 0;
  let sent = false;
  let answer: { readonly status: number; readonly headers: Record<string, string> } | undefined;
  let controller: Dispatcher.DispatchController | undefined;
  let settled = false;

  const settle = (outcome: HttpAnswer | HttpFailure): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', onAbort);
    resolve(outcome);
    if (outcome.kind === 'failure') controller?.abort(new Error(outcome.detail));
  };
  const cut = (begun: NonNullable<typeof answer>) => {
    settle({ kind: 'answer', ...begun, bodyText: Buffer.concat(chunks, maxBytes).toString('utf8') });
    controller?.abort(new Error('the rest is not wanted'));
  };
  const fail = (reason: HttpFailureReason, what: string) => settle({ kind: 'failure', reason, sent, detail: `${origin}: ${what}` });
  const onAbort = () => fail('aborted', 'the caller gave up');
  const timer = setTimeout(() => fail('timeout', `no complete answer within ${call.timeoutMs} ms`), call.timeoutMs);
  if (call.signal?.aborted) return onAbort();
  call.signal?.addEventListener('abort', onAbort, { once: true });

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (started) => {
      controller = started;
      // It waited for a connection until nobody wanted it any more: it must not go out now.
      if (settled) started.abort(new Error('given up before it was sent'));
      else sent = true;
    },
    onResponseStart: (_controller, status, headers) => {
      if (status >= 200) answer = { status, headers: flat(headers) };
    },
    onResponseData: (_controller, chunk) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      if (call.onLongResponse === 'cut' && answer) cut(answer);
      else fail('response-too-large', `the answer is larger than ${maxBytes} bytes`);
    },
    onResponseEnd: () => {
      if (answer) settle({ kind: 'answer', ...answer, bodyText: Buffer.concat(chunks, size).toString('utf8') });
      else fail('malformed', 'the answer has no status');
    },
    onResponseError: (_controller, error) => {
      if (codeOf(error) === 'UND_ERR_INVALID_ARG') reject(new TypeError(`the call to ${origin} cannot be made: ${error.message}`));
      fail(reasonOf(error, sent), describe(error));
    },
  };
  agent.dispatch({ origin, path: pathname + search, method: call.method, headers: { ...call.headers }, body: call.body ?? null }, handler);
};

const parseUrl = (url: string): URL => {
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new TypeError(`${parsed.protocol} is not called, only http: and https:`);
  return parsed;
};

const flat = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> => {
  const all: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) all[name] = typeof value === 'string' ? value : value.join(', ');
  return all;
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).name;

/** Driver errors by their code. Before anything was sent, whatever is not TLS means that nobody was reached. */
const reasonOf = (error: unknown, sent: boolean): HttpFailureReason => {
  const code = codeOf(error);
  if (code.startsWith('HPE_') || code === 'HTTPParserError') return 'malformed';
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'aborted';
  if (code === 'ERR_ADDRESS_CLOSED') return 'forbidden';
  if (sent) return 'reset';
  return TLS_CODE.test(code) ? 'tls' : 'unreachable';
};
const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|UNSUITABLE_CERT)/;

const describe = (error: unknown): string => {
  const { cause, message } = error as Error;
  if (codeOf(error) === 'ERR_ADDRESS_CLOSED') return message;
  return cause instanceof Error ? `${codeOf(error)} (${codeOf(cause)})` : codeOf(error);
};
