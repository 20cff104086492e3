import { aborted } from '@sagahub/contracts/aborted.ts';
import { CHANNEL_HEADER } from '@sagahub/contracts/api/channel.ts';
import { type ApiRequest, type ApiResponse, type BodySpec, type Route, SERVER_STOPS } from '@sagahub/contracts/api/route.ts';
import type { Upstream } from '@sagahub/contracts/ports/upstream.ts';
import type { UpstreamBreaker } from './upstream-breaker.ts';

/** Longer than the longest `Prefer: wait`, so that the service decides when to answer. */
const ANSWER_TIMEOUT_MS = 40_000;
/** Of what reads the whole log, or all documents, when its progress is not asked for: some million events. */
const LONG_ANSWER_TIMEOUT_MS = 30 * 60_000;
/** What a service may know of the caller's headers. Anything else stops here. */
const PASSED_ON = [
  'authorization',
  'content-type',
  'accept',
  'prefer',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
] as const;

/**
 * The routes of a service in another process: the gateway checks token, scope, limits and size as for its own, and passes the rest on
 * unread. The service checks the token again: nothing behind the gateway trusts it.
 */
export const forwardedRoutes = (routes: readonly Route[], upstream: Upstream, breaker: UpstreamBreaker): readonly Route[] =>
  routes.map((route) => ({
    ...route,
    forwarded: true,
    ...(route.body && { body: unread(route.body) }),
    handle: (request: ApiRequest) => {
      const send = (headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
        breaker.run(() =>
          upstream.send({
            method: request.method,
            url: request.url,
            headers,
            body: typeof request.body === 'string' ? request.body : undefined,
            repeatable: request.method !== 'POST' || route.repeatable === true,
            quick: (route.intake === true || request.method === 'GET') && headers['prefer'] === undefined,
            // While it is doubtful whether the service answers, all others may be waiting for this one.
            timeoutMs: route.long === true && !breaker.isDoubtful ? LONG_ANSWER_TIMEOUT_MS : ANSWER_TIMEOUT_MS,
            signal,
          }),
        );
      return answerTo(request, send, breaker.isDoubtful);
    },
  }));

type Send = (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<ApiResponse>;

/**
 * A gateway that stops has what it passed on answered first. Only what may last ends: a wait is asked again without waiting, an event stream closes.
 * @param isDoubtful others wait for this request to find out whether the service answers: it does not wait for anything
 */
const answerTo = async (request: ApiRequest, send: Send, isDoubtful: boolean): Promise<ApiResponse> => {
  const { signal } = request;
  const { prefer, ...headers } = headersFor(request);
  if (prefer === undefined || isDoubtful) return endingWith(signal, await send(headers, untilLeft(signal)));
  try {
    return await send({ ...headers, prefer }, signal);
  } catch (error) {
    if (!stops(signal)) throw error;
    return send(headers, untilLeft(signal));
  }
};

const stops = (signal: AbortSignal): boolean => signal.aborted && signal.reason === SERVER_STOPS;

/** Aborts when the client leaves, and not for the server's sake. */
const untilLeft = (signal: AbortSignal): AbortSignal => {
  const left = new AbortController();
  const tell = (): void => {
    if (!stops(signal)) left.abort();
  };
  if (signal.aborted) tell();
  else signal.addEventListener('abort', tell, { once: true });
  return left.signal;
};

const endingWith = (signal: AbortSignal, answer: ApiResponse): ApiResponse => {
  const { body, headers } = answer;
  const lasts = headers?.['content-type']?.startsWith('text/event-stream') === true;
  if (!lasts || typeof body !== 'object' || !(Symbol.asyncIterator in body)) return answer;
  return { ...answer, body: untilAborted(body, signal) };
};

async function* untilAborted(stream: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  const iterator = stream[Symbol.asyncIterator]();
  const stopped = aborted(signal);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stopped]);
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    void iterator.return?.().catch(() => undefined);
  }
}

const unread = ({ types, ...rest }: BodySpec): BodySpec => ({
  ...rest,
  types: Object.fromEntries(Object.keys(types).map((type) => [type, 'text'] as const)),
});

const headersFor = (request: ApiRequest): Record<string, string> => {
  const headers: Record<string, string> = {
    'x-request-id': request.requestId,
    'x-correlation-id': request.correlationId,
    'x-forwarded-for': request.remoteAddress,
  };
  if (request.traceparent) headers['traceparent'] = request.traceparent;
  if (request.channel) headers[CHANNEL_HEADER] = request.channel;
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return headers;
};
