import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { type Route, SERVER_STOPS } from '@sagahub/contracts/api/route.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { AdmissionGate } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Authenticator } from '@sagahub/contracts/ports/identity.ts';
import type { RequestLimiter } from '@sagahub/contracts/ports/rate-limiter.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { activeRequestsOf } from './active-requests.ts';
import type { ExchangeContext } from './exchange.ts';
import { mount } from './mount.ts';
import { problemOfBrokenRequest } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Environment variable that `port` came from, for the message when it is taken. */
  readonly portSetting?: string;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly routes: readonly Route[];
  /** Needed as soon as a route has scopes. */
  readonly authenticator?: Authenticator;
  readonly limiter?: RequestLimiter;
  readonly gate?: AdmissionGate | undefined;
  readonly telemetry: Telemetry;
  /** A body that takes longer is answered 408. Default 30 s. */
  readonly bodyTimeoutMs?: number;
  /** Request line and headers that take longer are answered 408. Default 15 s. */
  readonly headersTimeoutMs?: number;
  /** Proxies in front whose `X-Forwarded-For` is believed. Default 0. */
  readonly trustedProxies?: number;
  /** Only the gateway reaches this server: what it says of how the request came in is believed. Default false. */
  readonly behindGateway?: boolean;
  /** Called first when draining starts: this is where readiness turns. */
  readonly onDrain?: () => void;
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** e.g. `http://127.0.0.1:8080` */
  readonly url: string;
  /** From now on these routes are served instead of those before. */
  serve(routes: readonly Route[]): void;
  /**
   * Readiness turns, no new connection is taken, every answer says `Connection: close`, signals abort so that streams and
   * waits end, and what is in flight is finished. What is not finished after `timeoutMs` (default 25 s) is cut off. Idle connections stay
   * open for half a second: whoever is about to send on one gets an answer.
   * @param delayMs how long to go on accepting after readiness turned, for load balancers to notice. Default 0.
   * @returns false when something had to be cut off
   */
  drain(options?: { readonly timeoutMs?: number; readonly delayMs?: number }): Promise<boolean>;
}

/**
 * Connections that wait to be accepted, within what the system allows (`net.core.somaxconn`). Node's own 511 are fewer than one flood opens at once,
 * and who finds no place tries again a second later.
 */
const BACKLOG = 4_096;
/** Above the idle timeout of usual load balancers (60 s), so that they close first and no request meets a closed socket. */
const KEEP_ALIVE_MS = 65_000;
const MAX_HEADER_BYTES = 16 * 1024;
const DRAIN_TIMEOUT_MS = 25_000;
/** How long connections without a request are kept while draining. A busy sender's next request comes sooner, and closes its connection. */
const IDLE_GRACE_MS = 500;

/**
 * Serves routes over HTTP/1.1, with TLS 1.3 when given a certificate.
 * @throws ConfigurationError when the address is in use or not ours
 */
export const startHttpServer = async (options: HttpServerOptions): Promise<HttpServer> => {
  const { telemetry, bodyTimeoutMs = 30_000, headersTimeoutMs = 15_000 } = options;
  const context: ExchangeContext = {
    authenticator: options.authenticator,
    limiter: options.limiter,
    gate: options.gate,
    telemetry,
    duration: telemetry.histogram(METRICS.httpServerDuration.name),
    securityHeaders: securityHeaders(options.tls !== undefined),
    bodyTimeoutMs,
    trustedProxies: options.trustedProxies ?? 0,
    behindGateway: options.behindGateway ?? false,
    stopping: new Set(),
    active: activeRequestsOf(telemetry),
    draining: false,
  };
  let app = mount(options.routes, context);
  const listener: RequestListener = (request, response) => app(request, response);
  const settings = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: headersTimeoutMs,
    // Node's own limit is the backstop behind the body timeout, which answers with a problem.
    requestTimeout: headersTimeoutMs + bodyTimeoutMs + 5_000,
    connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs),
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = options.tls
    ? createTlsServer({ ...settings, ...options.tls, minVersion: 'TLSv1.3' }, listener)
    : createServer(settings, listener);
  // `Expect: 100-continue`: the body reader says "continue", once token, scope and declared length were found good.
  server.on('checkContinue', listener);
  server.on('clientError', answerBrokenRequest);
  const silent = silentSockets(server);
  await listen(server, options);

  let drained: Promise<boolean> | undefined;
  const drain = (timeoutMs: number, delayMs: number, idleGraceMs: number): Promise<boolean> =>
    (drained ??= (async () => {
      options.onDrain?.();
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      context.draining = true;
      const closed = once(server, 'close');
      // The HTTP server's own `close` would cut idle connections off at once, under the requests that are on their way on them.
      NetServer.prototype.close.call(server);
      for (const controller of context.stopping) controller.abort(SERVER_STOPS);
      let complete = true;
      const closeIdle = setTimeout(() => {
        server.closeIdleConnections();
        silent.close();
      }, idleGraceMs);
      const cutOff = setTimeout(() => {
        complete = false;
        server.closeAllConnections();
      }, timeoutMs);
      await closed;
      clearTimeout(cutOff);
      clearTimeout(closeIdle);
      server.close(); // its timers
      return complete;
    })());
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    serve: (routes) => {
      app = mount(routes, context);
    },
    drain: ({ timeoutMs = DRAIN_TIMEOUT_MS, delayMs = 0 } = {}) => drain(timeoutMs, delayMs, Math.min(IDLE_GRACE_MS, timeoutMs)),
    [Symbol.asyncDispose]: async () => void (await drain(DRAIN_TIMEOUT_MS, 0, 0)),
  };
};

const listen = async (server: Server, { host, port, portSetting }: HttpServerOptions): Promise<void> => {
  try {
    server.listen({ port, host, backlog: BACKLOG });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? `is in use by another process; stop it, or ${portSetting ? `set ${portSetting} to` : 'choose'} another port`
        : code === 'EADDRNOTAVAIL'
          ? 'is no address of this machine'
          : `cannot be listened on (${code})`;
    throw new ConfigurationError([`${host}:${port} ${why}`]);
  }
};

/** Connections on which nothing was sent yet: Node does not count them as idle, so draining would wait for them. */
const silentSockets = (server: Server) => {
  const sockets = new Set<Socket>();
  const add = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', add);
  // Not a `data` listener: it would take the socket away from Node's native parser.
  server.on('request', (request) => sockets.delete(request.socket));
  return {
    close: () => {
      for (const socket of sockets) if (socket.bytesRead === 0 || server instanceof TlsServer) socket.destroy();
    },
  };
};

const answerBrokenRequest = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = problemOfBrokenRequest(error.code, newId());
  const text = JSON.stringify(body);
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' });
  socket.end(`HTTP/1.1 ${status} ${body.title}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`);
};
