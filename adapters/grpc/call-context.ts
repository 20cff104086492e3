import { type Metadata, type ServerReadableStream, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import { type Route, SERVER_STOPS } from '@sagahub/contracts/api/route.ts';
import type { Histogram, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { Caller, Edge } from '../http/admission.ts';
import { callRoute } from '../http/route-call.ts';
import { acceptId, acceptTraceparent } from '../http/request-ids.ts';
import { INTAKE_SERVICE } from './definitions.ts';

/** What all calls of one server share. */
export interface CallContext extends Edge {
  readonly telemetry: Telemetry;
  readonly duration: Histogram;
  /** Proxies in front whose `x-forwarded-for` is believed; 0 = none. */
  readonly trustedProxies: number;
  /** Longest wait for the next message of a stream. */
  readonly messageTimeoutMs: number;
  /** Controllers of calls in hand. */
  readonly stopping: Set<AbortController>;
}

export type AnyCall = ServerUnaryCall<any, any> | ServerReadableStream<any, any>;

/** What of HTTP's headers a call may bring as metadata. */
const HEADERS = ['authorization', 'idempotency-key', 'prefer'];

/** One call in HTTP's terms: who, which trace, until when. End it. */
export class CallInHand {
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly signal: AbortSignal;
  readonly #context: CallContext;
  readonly #metadata: Metadata;
  readonly #remoteAddress: string;
  readonly #method: string;
  readonly #span: ReturnType<Telemetry['startSpan']>;
  readonly #controller = new AbortController();
  readonly #startedAt = performance.now();

  constructor(call: AnyCall, method: string, context: CallContext) {
    this.#context = context;
    this.#metadata = call.metadata;
    this.#method = `${INTAKE_SERVICE}/${method}`;
    this.requestId = acceptId(this.#sent('x-request-id'));
    this.#span = context.telemetry.startSpan(this.#method, {
      kind: 'server',
      parent: acceptTraceparent(this.#sent('traceparent')),
      attributes: { 'rpc.system.name': 'grpc', 'rpc.method': this.#method },
    });
    this.traceparent = this.#span.traceparent;
    this.#remoteAddress = this.#addressOf(call);
    this.signal = this.#controller.signal;
    context.stopping.add(this.#controller);
    // Also when its deadline passes.
    call.on('cancelled', () => this.#controller.abort());
  }

  get stops(): boolean {
    return this.signal.aborted && this.signal.reason === SERVER_STOPS;
  }

  /** The caller went away, or its deadline passed. */
  get left(): boolean {
    return this.signal.aborted && !this.stops;
  }

  get caller(): Caller {
    return { authorization: this.#sent('authorization'), remoteAddress: this.#remoteAddress };
  }

  /** Drawn anew for each order, unless the caller gave one. */
  correlationId(): string {
    return acceptId(this.#sent('x-correlation-id'));
  }

  callRoute(route: Route, request: RouteRequest): Promise<RouteAnswer> {
    const { requestId, traceparent, signal } = this;
    const headers = Object.fromEntries(HEADERS.map((name) => [name, this.#sent(name)]));
    return callRoute(
      route,
      {
        channel: 'grpc',
        method: route.method,
        url: route.path,
        params: {},
        requestId,
        traceparent,
        remoteAddress: this.#remoteAddress,
        signal,
        ...request,
        headers: { ...headers, ...request.headers },
      },
      this.#context,
      this.#context.telemetry.logger,
    );
  }

  end(code: status): void {
    this.#context.stopping.delete(this.#controller);
    const name = status[code];
    this.#span.setAttribute('rpc.status_code', name);
    this.#span.end();
    this.#context.duration.record((performance.now() - this.#startedAt) / 1_000, { 'rpc.method': this.#method, 'rpc.status_code': name });
  }

  #sent(name: string): string | undefined {
    const [value] = this.#metadata.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  #addressOf(call: AnyCall): string {
    const direct = call
      .getPeer()
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '');
    const { trustedProxies } = this.#context;
    if (trustedProxies === 0) return direct;
    const forwarded = (this.#sent('x-forwarded-for') ?? '').split(',');
    return forwarded.at(-trustedProxies)?.trim() || direct;
  }
}

type CallInput = Parameters<typeof callRoute>[1];
export type RouteRequest = Pick<CallInput, 'correlationId'> & Partial<Pick<CallInput, 'url' | 'params' | 'body' | 'headers' | 'requestId'>>;
