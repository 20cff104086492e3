import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { type Route, SERVER_STOPS } from '@sagahub/contracts/api/route.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { AdmissionGate } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Authenticator } from '@sagahub/contracts/ports/identity.ts';
import type { RequestLimiter } from '@sagahub/contracts/ports/rate-limiter.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { CallContext } from './call-context.ts';
import { serverCredentials } from './credentials.ts';
import { HEALTH, ORDER_INTAKE } from './definitions.ts';
import { health } from './health.ts';
import { messageInTime } from './message-in-time.ts';
import { intakeRoutesOf, orderIntake } from './order-intake.ts';
import { checkedService } from './requests.ts';

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Environment variable that `port` came from, for the message when it is taken. */
  readonly portSetting: string;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Those that HTTP serves: calls are requests to them. */
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly limiter: RequestLimiter | undefined;
  readonly gate: AdmissionGate | undefined;
  readonly telemetry: Telemetry;
  /** Proxies in front whose `x-forwarded-for` is believed. Default 0. */
  readonly trustedProxies?: number;
  /** Longest wait for a call's message, or for the next one of a stream. Default 30 s. */
  readonly messageTimeoutMs?: number;
}

export interface GrpcServer extends AsyncDisposable {
  readonly port: number;
  /** e.g. `127.0.0.1:9090`: what a client takes as its target. */
  readonly address: string;
  /**
   * Health says NOT_SERVING, no new call is taken, streams end with UNAVAILABLE, and calls in hand are finished. What is not finished
   * after `timeoutMs` (default 25 s) is cut off.
   * @param delayMs how long to go on after health turned, for load balancers to notice. Default 0.
   */
  drain(options?: { readonly timeoutMs?: number; readonly delayMs?: number }): Promise<void>;
}

const DRAIN_TIMEOUT_MS = 25_000;
/** A message may be 512 KiB, which is told with a problem; what is twice as large is not taken in at all. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const SERVER_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_concurrent_streams': 256,
  'grpc.max_metadata_size': 16 * 1024,
  // A peer that vanished without a word is noticed within a minute.
  'grpc.keepalive_time_ms': 40_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/**
 * Serves `sagahub.v1.OrderIntake` and `grpc.health.v1.Health`, with TLS 1.3 when given a certificate.
 * @throws ConfigurationError when the address is in use or not ours
 */
export const startGrpcServer = async (options: GrpcServerOptions): Promise<GrpcServer> => {
  const { host, telemetry, routes, authenticator, limiter, gate, trustedProxies = 0, messageTimeoutMs = 30_000 } = options;
  const context: CallContext = {
    authenticator,
    limiter,
    gate,
    telemetry,
    duration: telemetry.histogram(METRICS.rpcServerDuration.name),
    trustedProxies,
    messageTimeoutMs,
    stopping: new Set(),
  };
  const server = new Server({ ...SERVER_OPTIONS, interceptors: [messageInTime(messageTimeoutMs)] });
  const status = health();
  server.addService(checkedService(ORDER_INTAKE), orderIntake(intakeRoutesOf(routes), context));
  server.addService(HEALTH, status.implementation);
  const port = await bind(server, options, serverCredentials(options.tls));

  let drained: Promise<void> | undefined;
  const drain = (timeoutMs: number, delayMs: number): Promise<void> =>
    (drained ??= (async () => {
      status.stopServing();
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      const cutOff = setTimeout(() => server.forceShutdown(), timeoutMs);
      const stopped = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      for (const controller of context.stopping) controller.abort(SERVER_STOPS);
      await stopped;
      clearTimeout(cutOff);
    })());
  return {
    port,
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    drain: ({ timeoutMs = DRAIN_TIMEOUT_MS, delayMs = 0 } = {}) => drain(timeoutMs, delayMs),
    [Symbol.asyncDispose]: () => drain(DRAIN_TIMEOUT_MS, 0),
  };
};

const bind = (server: Server, { host, port, portSetting }: GrpcServerOptions, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    server.bindAsync(address, credentials, (error, bound) => {
      if (!error) return resolve(bound);
      reject(
        new ConfigurationError([
          `${portSetting}: ${address} cannot be listened on (${error.message}); stop what uses it, or set another port`,
        ]),
      );
    });
  });
