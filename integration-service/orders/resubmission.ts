import { type PlaceOrder, validatePlaceOrder } from '@sagahub/contracts/api/orders.ts';
import { ValidationError } from '@sagahub/contracts/errors.ts';
import { orderIdOf } from '@sagahub/contracts/ids.ts';
import { type OrderReceived, orderStream } from '@sagahub/contracts/messages/order.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { requestKeyOf } from '../idempotency-key.ts';
import type { Entry } from '../intake/entry.ts';
import { ownObject } from '../intake/existing-object.ts';
import { keyReused } from '../intake/intake.ts';
import type { Accepted, OrderIntake } from './intake.ts';
import { orderKind } from './kind.ts';

type ReadableLog = Pick<EventStore, 'namespace' | 'readStream' | 'findRequest'>;

export type Resubmit = (orderId: string, body: unknown, entry: Entry) => Promise<Accepted & Pick<PlaceOrder, 'orderNumber'>>;

/**
 * A new try of an ended order, under the same number and a new id. First the ended order records which order replaces it and with what
 * content (`OrderResubmitted`: the decision, made once), then that order is received. After a crash between the two, a repeat finds the
 * decision made and completes it; a repeat with other content is refused.
 *
 * @throws NotFoundError; ConflictError the order has not ended, or something of it could not be undone; ReuseError it was resubmitted
 * before with other content; ValidationError
 */
export const openResubmission =
  (store: ReadableLog, runtime: Pick<SagaRuntime, 'load' | 'execute'>, intake: OrderIntake): Resubmit =>
  async (orderId, body, entry) => {
    const { principal, idempotencyKey } = entry;
    await ownObject(orderKind, runtime, orderId, principal);
    const stream = orderStream(orderId);
    const { orderNumber, submission } = await originalOf(store, stream);
    const command = validatePlaceOrder(body);
    if (command.orderNumber !== orderNumber) throw otherNumber(orderNumber);

    const next = submission + 1;
    const newOrderId = orderIdOf(store.namespace, principal.partnerId, orderNumber, next);
    if (idempotencyKey !== undefined) await refuseTakenKey(store, requestKeyOf(principal.clientId, idempotencyKey), newOrderId);
    const by = `client:${principal.clientId}`;
    const fingerprint = intake.fingerprint(command);
    await runtime.execute(stream, { type: 'Resubmit', newOrderId, fingerprint, by }, { actor: by, traceparent: entry.traceparent });
    const accepted = await intake.placeOrder(command, entry, { submission: next, resubmissionOf: orderId });
    return { ...accepted, orderNumber };
  };

const originalOf = async (store: ReadableLog, stream: string): Promise<OrderReceived['data']> => {
  const [first] = await store.readStream(stream, { from: 0, to: 0 });
  return first!.data as unknown as OrderReceived['data'];
};

const otherNumber = (orderNumber: string): ValidationError =>
  new ValidationError([
    {
      pointer: '#/orderNumber',
      code: 'other-order-number',
      detail: `must be that of the order to resubmit: ${orderNumber}; an order with a new number is posted instead`,
    },
  ]);

/** Before anything is decided, so that a wrong key leaves no trace. */
const refuseTakenKey = async (store: ReadableLog, requestKey: string, newOrderId: string): Promise<void> => {
  const holder = await store.findRequest(requestKey);
  if (holder !== undefined && holder !== orderStream(newOrderId)) throw keyReused(orderKind, holder);
};
