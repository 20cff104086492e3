import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Upstream } from '@sagahub/contracts/ports/upstream.ts';
import { type Dispatcher, Pool } from 'undici';
import { ClientGoneError } from './body.ts';
import { callUpstream } from './upstream-call.ts';

export interface UpstreamOptions {
  /** For messages, e.g. `read-model`. */
  readonly name: string;
  /** Base URLs of its replicas (or one of a load balancer in front of them), e.g. `http://read-model:8080`. */
  readonly urls: readonly string[];
  /** Connections to each. Default 256. */
  readonly connections?: number;
}

/** Below the services' own keep-alive (65 s), so that no request meets a connection that its server is closing. */
const KEEP_ALIVE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** Nothing was carried out: the connection never came about. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

interface Replica {
  /** Of every path. */
  readonly prefix: string;
  readonly kept: Dispatcher;
  /**
   * A replica that stops closes its idle connections, and a request may be on its way on one just then. Nobody knows whether it was carried
   * out, so one that must not be repeated goes on a connection of its own: those are few.
   */
  readonly fresh: Dispatcher;
}

/** Passes requests on over undici, taking the replicas in turn. */
export const openUpstream = ({ name, urls, connections = 256 }: UpstreamOptions): Upstream => {
  const settings = { connections, keepAliveTimeout: KEEP_ALIVE_MS, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } };
  const replicas = urls.map((url): Replica => {
    const { origin, pathname } = new URL(url);
    return {
      prefix: pathname.replace(/\/$/, ''),
      kept: new Pool(origin, { ...settings, pipelining: 1 }),
      fresh: new Pool(origin, { ...settings, pipelining: 0 }),
    };
  });
  let turn = 0;

  return {
    name,
    async send(request) {
      let failure: unknown;
      // Each request counts on from a turn of its own: those beside it must not make it pass over a replica that is there.
      const first = turn++;
      // Once around, and once more: a replica that is being replaced is back, or gone from the list, by then.
      for (let attempt = 0; attempt < replicas.length * 2; attempt++) {
        const { prefix, kept, fresh } = replicas[(first + attempt) % replicas.length]!;
        try {
          return await callUpstream(request.repeatable ? kept : fresh, prefix + request.url, request);
        } catch (error) {
          if (request.signal.aborted) throw new ClientGoneError(); // or nobody wants this answer any more
          failure = error;
          if (!NOT_SENT.has(codeOf(error)) && !request.repeatable) break;
        }
      }
      throw new UnavailableError('HUB_SERVICE_UNAVAILABLE', `${name} does not answer (${codeOf(failure)}); try again`, { cause: failure });
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(replicas.flatMap(({ kept, fresh }) => [kept.destroy(), fresh.destroy()]))),
  };
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).name;
