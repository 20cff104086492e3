import type { ErpOrderRequest } from '@sagahub/contracts/messages/erp.ts';
import type { OrderPersonalData } from '@sagahub/contracts/messages/order.ts';
import type { CancelOutcome, Connector, Delivery, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpAnswer, HttpCall, HttpClient, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { cancelOutcome, lookupOutcome, submitOutcome } from './answers.ts';
import { type Authorization, type Credentials, credentialsFor, type RestAuth } from './credentials.ts';

export interface RestErpOptions {
  /** With any base path, with or without a trailing slash. */
  readonly url: string;
  readonly auth: RestAuth;
  /** For one call, connecting included. */
  readonly timeoutMs: number;
  /** How long after a call ended the ERP may still carry it out. */
  readonly settleMs: number;
}

/** The largest answer that is read: a reference or a short list. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** Asked for by probes; no order can have it. */
const NO_ORDER = '00000000-0000-0000-0000-000000000000';

/**
 * The generic REST connector: any ERP that keeps the ERP contract (`answers.ts` has what its answers mean). It refuses duplicates by
 * `Idempotency-Key`, so repeating a submit is always safe.
 *
 * A buyer who was erased is simply left out: the order still goes (`customerId` names the buyer at the partner), and the ERP may refuse it.
 */
export const restErpConnector = (options: RestErpOptions, ports: { readonly http: HttpClient; readonly clock: Clock }): Connector =>
  new RestErpConnector(options, ports.http, ports.clock);

type Refused = Exclude<Authorization, { kind: 'authorized' }>;

class RestErpConnector implements Connector {
  readonly name = 'erp';
  readonly duplicates = 'refused';
  readonly lookupDelay = 'immediate';
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly #orders: string;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #credentials: Credentials;

  constructor(options: RestErpOptions, http: HttpClient, clock: Clock) {
    this.settleMs = options.settleMs;
    this.timeoutMs = options.timeoutMs;
    this.#orders = `${options.url.replace(/\/+$/, '')}/orders`;
    this.#http = http;
    this.#clock = clock;
    this.#credentials = credentialsFor(options.auth, http, clock, options.timeoutMs);
  }

  async submit(delivery: Delivery): Promise<SubmitOutcome> {
    const answer = await this.#call('POST', this.#orders, delivery, erpOrder(delivery));
    return isOutcome(answer) ? answer : submitOutcome(answer, this.#clock.now());
  }

  async lookup(delivery: Delivery): Promise<LookupOutcome> {
    const answer = await this.#call('GET', `${this.#orders}?externalOrderId=${encodeURIComponent(delivery.objectId)}`, delivery);
    return isOutcome(answer) ? answer : lookupOutcome(answer, delivery.objectId, this.#clock.now());
  }

  async cancel(delivery: Delivery & { readonly reference: string }): Promise<CancelOutcome> {
    const answer = await this.#call('POST', `${this.#orders}/${encodeURIComponent(delivery.reference)}/cancel`, delivery, '{}');
    return isOutcome(answer) ? answer : cancelOutcome(answer, this.#clock.now());
  }

  async probe(signal: AbortSignal): Promise<{ readonly ok: boolean; readonly detail: string }> {
    const answer = await this.#send({ method: 'GET', url: `${this.#orders}?externalOrderId=${NO_ORDER}` }, {}, signal);
    const outcome = isOutcome(answer) ? answer : lookupOutcome(answer, NO_ORDER, this.#clock.now());
    return outcome.kind === 'found'
      ? { ok: true, detail: `${this.#orders} answers look-ups` }
      : { ok: false, detail: `${this.#orders}: ${outcome.reason}` };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #call(method: 'GET' | 'POST', url: string, delivery: Delivery, body?: string): Promise<HttpAnswer | HttpFailure | Refused> {
    const headers: Record<string, string> = { accept: 'application/json', 'x-correlation-id': delivery.correlationId };
    if (delivery.traceparent !== undefined) headers['traceparent'] = delivery.traceparent;
    if (body === undefined) return this.#send({ method, url }, headers, delivery.signal);
    headers['content-type'] = 'application/json';
    headers['idempotency-key'] = delivery.objectId;
    return this.#send({ method, url, body }, headers, delivery.signal);
  }

  /** With credentials; after a 401 once more with fresh ones, if such can be had. */
  async #send(
    call: Pick<HttpCall, 'method' | 'url' | 'body'>,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<HttpAnswer | HttpFailure | Refused> {
    for (let renewed = false; ; renewed = true) {
      const authorization = await this.#credentials.authorize(signal);
      if (authorization.kind !== 'authorized') return authorization;
      const { header } = authorization;
      if (header !== undefined) headers['authorization'] = header;
      const answer = await this.#http.request({
        ...call,
        headers,
        timeoutMs: this.timeoutMs,
        signal,
        maxResponseBytes: MAX_ANSWER_BYTES,
      });
      const isStale = answer.kind === 'answer' && answer.status === 401 && !renewed && this.#credentials.renew(header);
      if (!isStale) return answer;
    }
  }
}

const isOutcome = (answer: HttpAnswer | HttpFailure | Refused): answer is Refused =>
  answer.kind === 'transient' || answer.kind === 'misconfigured';

/** The body of `POST /orders`, its members in the order the contract names them. */
const erpOrder = ({ objectId, partnerId, request, personal }: Delivery): string => {
  const order = request as unknown as ErpOrderRequest;
  const { buyer, shipTo } = (personal ?? {}) as Partial<OrderPersonalData>;
  return JSON.stringify({
    externalOrderId: objectId,
    orderNumber: order.orderNumber,
    partnerId,
    currency: order.currency,
    customerId: order.customerId,
    buyer,
    shipTo,
    items: order.items.map(({ lineNumber, sku, quantity, unitPrice }) => ({ lineNumber, sku, quantity, unitPrice })),
    subtotal: order.subtotal,
    discount: order.discount,
    total: order.total,
  });
};
