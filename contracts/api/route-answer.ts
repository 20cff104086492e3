import type { Channel } from './channel.ts';
import type { ApiRequest } from './route.ts';

/** A request that came over another transport than HTTP, in HTTP's terms. */
export interface TransportedRequest extends Omit<ApiRequest, 'principal' | 'query' | 'channel' | 'body'> {
  readonly channel: Channel;
  /** Asked once the caller is admitted, as a body over HTTP is read only then. @throws what is wrong with it */
  readonly body?: () => unknown;
}

/** What came of a request: an answer or a problem, whoever gave it. */
export interface RouteAnswer {
  /** Of HTTP. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON of the answer; a problem document when `status` is 400 or above. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Repeating the very same request later may succeed: it was not the request's fault. */
export const isRepeatable = (status: number): boolean => [408, 409, 429, 500, 503, 504].includes(status);
