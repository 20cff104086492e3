import type { ErpOrderRequest } from '@sagahub/contracts/messages/erp.ts';
import type { OrderPersonalData } from '@sagahub/contracts/messages/order.ts';
import type { CancelOutcome, Connector, Delivery, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import { cancelOutcome } from '../http/answers.ts';
import { HttpCalls, wasNotMade } from '../http/calls.ts';
import type { RestAuth } from '../http/credentials.ts';
import { lookupOutcome, submitOutcome } from './answers.ts';

export interface RestErpOptions {
  /** With any base path, with or without a trailing slash. */
  readonly url: string;
  readonly auth: RestAuth;
  /** For one call, connecting included. */
  readonly timeoutMs: number;
  /** How long after a call ended the ERP may still carry it out. */
  readonly settleMs: number;
}

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

class RestErpConnector implements Connector {
  readonly name = 'erp';
  readonly duplicates = 'refused';
  readonly lookupDelay = 'immediate';
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly #orders: string;
  readonly #clock: Clock;
  readonly #calls: HttpCalls;

  constructor(options: RestErpOptions, http: HttpClient, clock: Clock) {
    this.settleMs = options.settleMs;
    this.timeoutMs = options.timeoutMs;
    this.#orders = `${options.url.replace(/\/+$/, '')}/orders`;
    this.#clock = clock;
    this.#calls = new HttpCalls(options.auth, options.timeoutMs, { http, clock });
  }

  async submit(delivery: Delivery): Promise<SubmitOutcome> {
    const answer = await this.#calls.call('POST', this.#orders, delivery, erpOrder(delivery));
    return wasNotMade(answer) ? answer : submitOutcome(answer, this.#clock.now());
  }

  async lookup(delivery: Delivery): Promise<LookupOutcome> {
    const answer = await this.#calls.call('GET', `${this.#orders}?externalOrderId=${encodeURIComponent(delivery.objectId)}`, delivery);
    return wasNotMade(answer) ? answer : lookupOutcome(answer, delivery.objectId, this.#clock.now());
  }

  async cancel(delivery: Delivery & { readonly reference: string }): Promise<CancelOutcome> {
    const answer = await this.#calls.call('POST', `${this.#orders}/${encodeURIComponent(delivery.reference)}/cancel`, delivery, '{}');
    return wasNotMade(answer) ? answer : cancelOutcome(answer, this.#clock.now());
  }

  async probe(signal: AbortSignal): Promise<{ readonly ok: boolean; readonly detail: string }> {
    const answer = await this.#calls.send({ method: 'GET', url: `${this.#orders}?externalOrderId=${NO_ORDER}` }, {}, signal);
    const outcome = wasNotMade(answer) ? answer : lookupOutcome(answer, NO_ORDER, this.#clock.now());
    return outcome.kind === 'found'
      ? { ok: true, detail: `${this.#orders} answers look-ups` }
      : { ok: false, detail: `${this.#orders}: ${outcome.reason}` };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

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
