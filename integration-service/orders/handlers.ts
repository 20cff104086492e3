import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { cancelOrderSchema, type OrderAccepted, validatePlaceOrder } from '@sagahub/contracts/api/orders.ts';
import { waitApplied, waitSecondsOf } from '@sagahub/contracts/api/prefer.ts';
import type { Channel } from '@sagahub/contracts/api/channel.ts';
import { type ApiRequest, type ApiResponse, principalOf } from '@sagahub/contracts/api/route.ts';
import { HubError } from '@sagahub/contracts/errors.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { parseIdempotencyKey } from '../idempotency-key.ts';
import { ownOrder, settledStatus } from './existing-order.ts';
import type { Accepted, Entry, OrderIntake } from './intake.ts';
import { openOrderLinks, orderLinks, orderPath } from './links.ts';
import type { Resubmit } from './resubmission.ts';

type Handler = (request: ApiRequest) => Promise<ApiResponse>;

export interface HandlerParts {
  readonly intake: OrderIntake;
  readonly resubmit: Resubmit;
  readonly runtime: SagaRuntime;
  readonly telemetry: Telemetry;
  readonly maxWaitMs: number;
}

export const orderHandlers = ({ intake, resubmit, runtime, telemetry, maxWaitMs }: HandlerParts) => {
  const refused = telemetry.counter(METRICS.ordersRefused.name);
  const countingRefusals =
    (handle: Handler): Handler =>
    async (request) => {
      try {
        return await handle(request);
      } catch (error) {
        if (error instanceof HubError) refused.add(1, { channel: channelOf(request), code: error.code });
        throw error;
      }
    };

  /** The answer to an accepted order: the 202 at once, or, when the partner prefers to wait, the status the order came to in time. */
  const answer = async (request: ApiRequest, accepted: Accepted, body: OrderAccepted): Promise<ApiResponse> => {
    const headers = {
      location: orderPath(accepted.orderId),
      ...(accepted.replayed && { 'idempotent-replayed': 'true' }),
    };
    const seconds = waitSecondsOf(request.headers['prefer'], maxWaitMs / 1_000);
    const status = seconds === undefined ? undefined : await statusWithin(accepted.orderId, seconds * 1_000, request.signal);
    if (seconds === undefined || status === undefined) return { status: 202, headers, body };
    const { cancel: _ended, ...links } = body.links;
    const isOpen = status === 'stuck';
    return { status: 200, headers: { ...headers, ...waitApplied(seconds) }, body: { ...body, status, links: isOpen ? body.links : links } };
  };

  const statusWithin = async (orderId: string, timeoutMs: number, signal: AbortSignal) => {
    try {
      return settledStatus(await runtime.settled(orderStream(orderId), timeoutMs, signal));
    } catch (error) {
      // The order is on disk: whatever became of the waiting, the answer is that it was accepted.
      telemetry.logger.warn('waiting for an accepted order failed', { stream: orderStream(orderId), cause: String(error) });
      return undefined;
    }
  };

  const place: Handler = async (request) => {
    const entry = entryOf(request);
    const command = validatePlaceOrder(request.body);
    const accepted = await intake.placeOrder(command, entry);
    return answer(request, accepted, acceptedBody(accepted.orderId, command.orderNumber));
  };

  const placeAgain: Handler = async (request) => {
    const formerId = request.params['orderId'] ?? '';
    const accepted = await resubmit(formerId, request.body, entryOf(request));
    const body = acceptedBody(accepted.orderId, accepted.orderNumber);
    const links = { ...body.links, resubmissionOf: orderPath(formerId) };
    return answer(request, accepted, { ...body, resubmissionOf: formerId, links } as OrderAccepted);
  };

  const cancel: Handler = async (request) => {
    const principal = principalOf(request);
    const orderId = request.params['orderId'] ?? '';
    const { reason } = request.body === undefined ? {} : parseOrFault(cancelOrderSchema, request.body);
    await ownOrder(runtime, orderId, principal);
    const by = `client:${principal.clientId}`;
    const command = { type: 'Cancel', by, ...(reason !== undefined && { reason }) };
    const { folded } = await runtime.execute(orderStream(orderId), command, { actor: by, traceparent: request.traceparent });
    return {
      status: 202,
      headers: { location: orderPath(orderId) },
      body: { orderId, status: settledStatus(folded) ?? 'compensating', links: orderLinks(orderId) },
    };
  };

  return { place: countingRefusals(place), resubmit: countingRefusals(placeAgain), cancel };
};

const channelOf = ({ channel = 'http' }: ApiRequest): Channel => channel;

const entryOf = (request: ApiRequest): Entry => ({
  principal: principalOf(request),
  idempotencyKey: parseIdempotencyKey(request.headers['idempotency-key']),
  correlationId: request.correlationId,
  traceparent: request.traceparent,
  channel: channelOf(request),
});

/** A pure function of the ids, so that every repeat gets the same bytes. */
const acceptedBody = (orderId: string, orderNumber: string): OrderAccepted => ({
  orderId,
  orderNumber,
  status: 'received',
  links: openOrderLinks(orderId),
});
