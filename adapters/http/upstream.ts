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
  /**
   * After so long without an answer to a quick request a replica hangs. It is left alone for as long, before one request tries it again. Default
   * 5,000; undici looks twice a second.
   */
  readonly hangsAfterMs?: number;
}

/** Below the services' own keep-alive (65 s), so that no request meets a connection that its server is closing. */
const KEEP_ALIVE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** Nothing was carried out: the connection never came about. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** No status line in time, or nobody there who would even refuse. */
const HUNG = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT']);

interface Replica {
  /** Of every path. */
  readonly prefix: string;
  readonly kept: Dispatcher;
  /**
   * A replica that stops closes its idle connections, and a request may be on its way on one just then. Nobody knows whether it was carried
   * out, so one that must not be repeated goes on a connection of its own: those are few.
   */
  readonly fresh: Dispatcher;
  /** It hung: before this time it gets nothing. 0: it answers. */
  leftAloneUntilMs: number;
}

/** Passes requests on over undici, taking the replicas in turn. */
export const openUpstream = ({ name, urls, connections = 256, hangsAfterMs = 5_000 }: UpstreamOptions): Upstream => {
  const settings = { connections, keepAliveTimeout: KEEP_ALIVE_MS, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } };
  const replicas = urls.map((url): Replica => {
    const { origin, pathname } = new URL(url);
    return {
      prefix: pathname.replace(/\/$/, ''),
      kept: new Pool(origin, { ...settings, pipelining: 1 }),
      fresh: new Pool(origin, { ...settings, pipelining: 0 }),
      leftAloneUntilMs: 0,
    };
  });
  let turn = 0;

  /** From this turn on, those that are left alone last. */
  const inOrder = (first: number): readonly Replica[] => {
    const nowMs = performance.now();
    const around = replicas.map((_, place) => replicas[(first + place) % replicas.length]!);
    const hung = around.filter(({ leftAloneUntilMs }) => leftAloneUntilMs > nowMs);
    const order = hung.length === 0 ? around : [...around.filter((replica) => !hung.includes(replica)), ...hung];
    // One request tries whether it answers again; the others pass it over meanwhile.
    const tried = order[0]!;
    if (tried.leftAloneUntilMs > 0 && order.length > 1) tried.leftAloneUntilMs = nowMs + 2 * hangsAfterMs;
    return order;
  };

  return {
    name,
    async send(request) {
      let failure: unknown;
      const deadlineMs = performance.now() + request.timeoutMs;
      // Each request counts on from a turn of its own: those beside it must not make it pass over a replica that is there.
      const order = inOrder(turn++);
      const mayHang = request.quick === true && request.repeatable;
      // Once around, and once more: a replica that is being replaced is back, or gone from the list, by then.
      for (let attempt = 0; attempt < order.length * 2; attempt++) {
        const replica = order[attempt % order.length]!;
        const leftMs = deadlineMs - performance.now();
        if (leftMs <= 0) break;
        const isFirst = attempt < order.length;
        // Behind the address of a load balancer, another connection leads to another replica.
        const dispatcher = request.repeatable && (isFirst || order.length > 1) ? replica.kept : replica.fresh;
        const timeoutMs = mayHang && isFirst ? Math.min(hangsAfterMs, leftMs) : leftMs;
        try {
          const answer = await callUpstream(dispatcher, replica.prefix + request.url, { ...request, timeoutMs });
          replica.leftAloneUntilMs = 0;
          return answer;
        } catch (error) {
          if (request.signal.aborted) throw new ClientGoneError(); // or nobody wants this answer any more
          failure = error;
          if (order.length > 1 && HUNG.has(codeOf(error))) replica.leftAloneUntilMs = performance.now() + hangsAfterMs;
          if (!NOT_SENT.has(codeOf(error)) && !request.repeatable) break;
        }
      }
      throw new UnavailableError('HUB_SERVICE_UNAVAILABLE', `${name} does not answer (${codeOf(failure)}); try again`, { cause: failure });
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(replicas.flatMap(({ kept, fresh }) => [kept.destroy(), fresh.destroy()]))),
  };
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).name;
