import type { z } from 'zod';
import type { Principal, Scope } from '../ports/identity.ts';
import type { Channel } from './channel.ts';

/**
 * A service's HTTP surface as data. `adapters/http` mounts it (Express), checks token, scope and body size, parses, maps typed errors to
 * problems, and the gateway derives OpenAPI from it: one source for all of them.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Express 5 path, e.g. `/api/v1/orders/:orderId`. */
  readonly path: string;
  /** Any one of these is enough; empty = open to everyone. */
  readonly scopes: readonly Scope[];
  readonly operation: OperationDoc;
  /** What the body may be; absent = no body is read. */
  readonly body?: BodySpec;
  /** Not counted by the rate limiter: health checks, which must answer whoever else shares their address, and callbacks, which prove whose they are. */
  readonly unlimited?: boolean;
  /** Takes work in: when more comes than can be taken, it waits for its turn and is refused first. Default false. */
  readonly intake?: boolean;
  /** A POST that may safely be sent twice (the others may anyway): the gateway repeats it when a replica drops it. Default false. */
  readonly repeatable?: boolean;
  /** May take minutes until there is anything to answer, and the gateway waits for it that long. Default false. */
  readonly long?: boolean;
  /** Carried out by another process, which does not tell when it has accepted what was sent. Default false. */
  readonly forwarded?: boolean;
  readonly handle: (request: ApiRequest) => Promise<ApiResponse>;
}

export interface BodySpec {
  /** `json` is parsed, `text` and `form` arrive as strings. */
  readonly types: Readonly<Record<string, 'json' | 'text'>>;
  /** Default 512 KiB. */
  readonly maxBytes?: number;
  /** May the body be absent? Default false. */
  readonly optional?: boolean;
}
/** JSON by its media type, also where a body is passed on unparsed. */
export const isJson = (mediaType: string): boolean => /^application\/(?:.+\+)?json$/.test(mediaType);

export const JSON_BODY: BodySpec = { types: { 'application/json': 'json' } };

/** For OpenAPI. Schemas are zod. */
export interface OperationDoc {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** Schema of a JSON body. Validation itself is the handler's: it lists every fault. */
  readonly requestSchema?: z.ZodType;
  readonly requestExample?: unknown;
  /** Of a body that is sent as text. */
  readonly textExample?: string;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  readonly responses: Readonly<
    Record<number, { readonly description: string; readonly schema?: z.ZodType; readonly mediaType?: string; readonly example?: unknown }>
  >;
}

export interface ApiRequest {
  readonly method: string;
  /** Path and query as received. */
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  /** A name given more than once has an array. */
  readonly query: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON, or text, as the route's `body` says. */
  readonly body: unknown;
  /** Absent on open routes only. */
  readonly principal: Principal | undefined;
  readonly correlationId: string;
  readonly requestId: string;
  /** W3C trace context of the server span. */
  readonly traceparent: string | undefined;
  readonly remoteAddress: string;
  /** The way it came in. Absent: `http`. */
  readonly channel?: Channel | undefined;
  /** Aborts when the client goes away, or, with {@link SERVER_STOPS} as its reason, when the server is draining: streams and waits are to end. */
  readonly signal: AbortSignal;
  /** To be called by intake that goes on to wait for something, as soon as what was sent has been accepted. */
  readonly accepted?: (() => void) | undefined;
}

/** Why the signal of a request aborted whose client is still there. */
export const SERVER_STOPS = 'the server stops';

export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * An object is sent as JSON, a string or bytes as they are; a stream is written with back-pressure until it ends or the client leaves.
   * A string, bytes or a stream name their `content-type` in `headers`; a string's default is plain text.
   */
  readonly body?: object | string | Uint8Array | AsyncIterable<string>;
}

/** The principal of a route that has scopes. */
export const principalOf = (request: ApiRequest): Principal => {
  if (!request.principal) throw new Error(`route ${request.method} ${request.url} was mounted without authentication`);
  return request.principal;
};
