import type { PaymentPersonalData } from '@sagahub/contracts/messages/payment.ts';
import type { CancelOutcome, Connector, Delivery, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import { cancelOutcome } from '../http/answers.ts';
import { HttpCalls, wasNotMade } from '../http/calls.ts';
import type { RestAuth } from '../http/credentials.ts';
import { authorizationOutcome, lookupOutcome } from './answers.ts';

export interface PaymentProcessorOptions {
  /** With any base path, with or without a trailing slash. */
  readonly url: string;
  readonly auth: RestAuth;
  /** For one call, connecting included. */
  readonly timeoutMs: number;
  /** How long after a call ended the processor may still carry it out. */
  readonly settleMs: number;
}

/** Name of the connector, of its queue and its breaker. */
export const PAYMENT_PROCESSOR = 'payment-processor';
/** Asked for by probes; no payment can have it. */
const NO_PAYMENT = '00000000-0000-0000-0000-000000000000';

/**
 * Any payment processor that keeps this contract (`answers.ts` has what its answers mean; `callback.ts` what it tells by itself):
 *
 * | call                                  | what it is for                                                                            |
 * |---------------------------------------|-------------------------------------------------------------------------------------------|
 * | `POST /payments`                      | authorise. `Idempotency-Key` is the payment's id, and a repeat answers what became of it  |
 * | `GET /payments/{paymentRef}`          | ask what was decided, after a `pending`                                                   |
 * | `GET /payments?externalPaymentId=`    | the list of what there is of a payment; `[]` when nothing                                 |
 * | `POST /payments/{paymentRef}/reverse` | take back: voids what is pending, refunds what is approved. Idempotent, and final         |
 *
 * Body of an authorisation: `{externalPaymentId, paymentReference, partnerId, amount, currency, orderNumber?, method: {type, token}, payer?}`.
 * Of an erased payer there is no token and no name any more: a processor that has not got the payment yet will refuse it.
 */
export const paymentProcessorConnector = (
  options: PaymentProcessorOptions,
  ports: { readonly http: HttpClient; readonly clock: Clock },
): Connector => new PaymentProcessorConnector(options, ports);

class PaymentProcessorConnector implements Connector {
  readonly name = PAYMENT_PROCESSOR;
  readonly duplicates = 'refused';
  readonly lookupDelay = 'immediate';
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly #payments: string;
  readonly #clock: Clock;
  readonly #calls: HttpCalls;

  constructor(options: PaymentProcessorOptions, ports: { readonly http: HttpClient; readonly clock: Clock }) {
    this.settleMs = options.settleMs;
    this.timeoutMs = options.timeoutMs;
    this.#payments = `${options.url.replace(/\/+$/, '')}/payments`;
    this.#clock = ports.clock;
    this.#calls = new HttpCalls(options.auth, options.timeoutMs, ports);
  }

  async submit(delivery: Delivery): Promise<SubmitOutcome> {
    const { reference } = delivery;
    const answer =
      reference === undefined
        ? await this.#calls.call('POST', this.#payments, delivery, authorization(delivery))
        : await this.#calls.call('GET', this.#of(reference), delivery);
    return wasNotMade(answer) ? answer : authorizationOutcome(answer, this.#clock.now(), reference !== undefined);
  }

  async lookup(delivery: Delivery): Promise<LookupOutcome> {
    const answer = await this.#calls.call('GET', this.#list(delivery.objectId), delivery);
    return wasNotMade(answer) ? answer : lookupOutcome(answer, delivery.objectId, this.#clock.now());
  }

  async cancel(delivery: Delivery & { readonly reference: string }): Promise<CancelOutcome> {
    const answer = await this.#calls.call('POST', `${this.#of(delivery.reference)}/reverse`, delivery, '{}');
    return wasNotMade(answer) ? answer : cancelOutcome(answer, this.#clock.now());
  }

  async probe(signal: AbortSignal): Promise<{ readonly ok: boolean; readonly detail: string }> {
    const answer = await this.#calls.send({ method: 'GET', url: this.#list(NO_PAYMENT) }, {}, signal);
    const outcome = wasNotMade(answer) ? answer : lookupOutcome(answer, NO_PAYMENT, this.#clock.now());
    return outcome.kind === 'found'
      ? { ok: true, detail: `${this.#payments} answers look-ups` }
      : { ok: false, detail: `${this.#payments}: ${outcome.reason}` };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #of(paymentRef: string): string {
    return `${this.#payments}/${encodeURIComponent(paymentRef)}`;
  }

  #list(externalPaymentId: string): string {
    return `${this.#payments}?externalPaymentId=${encodeURIComponent(externalPaymentId)}`;
  }
}

/** The body of `POST /payments`. */
const authorization = ({ objectId, partnerId, request, personal }: Delivery): string => {
  const { paymentReference, amount, currency, methodType, orderNumber } = request;
  const { method, payer } = (personal ?? {}) as Partial<PaymentPersonalData>;
  return JSON.stringify({
    externalPaymentId: objectId,
    paymentReference,
    partnerId,
    amount,
    currency,
    orderNumber,
    method: { type: methodType, token: method?.token },
    payer,
  });
};
