import type { Channel } from '@sagahub/contracts/api/channel.ts';
import type { PlaceOrder } from '@sagahub/contracts/api/orders.ts';
import { ReuseError, RequestKeyTakenError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { categoryOf, type NewEvent, objectIdOf } from '@sagahub/contracts/events.ts';
import { newId, orderIdOf } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { ORDER, type OrderReceived, orderStream } from '@sagahub/contracts/messages/order.ts';
import { seal, subjectOf } from '@sagahub/contracts/personal-data.ts';
import { type Append, type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { METRICS, SPANS } from '@sagahub/contracts/telemetry-names.ts';
import { requestKeyOf } from '../idempotency-key.ts';
import { type Fingerprint, openFingerprint } from './fingerprint.ts';
import { knownOrders } from './known-orders.ts';
import { orderLinks } from './links.ts';
import { personalData, receivedData } from './received.ts';

const SCHEMA_VERSION = 1;

/** How a command came in. */
export interface Entry {
  readonly principal: Pick<Principal, 'clientId' | 'partnerId'>;
  readonly idempotencyKey: string | undefined;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly channel: Channel;
}

/** Which submission of an order number this is: absent for the first. */
export interface Resubmission {
  /** 2 for the first resubmission. */
  readonly submission: number;
  /** Id of the ended order it replaces. */
  readonly resubmissionOf: string;
}

export interface Accepted {
  readonly orderId: string;
  /** The same order had been accepted before; nothing was written now. */
  readonly replayed: boolean;
}

export interface OrderIntake {
  readonly fingerprint: Fingerprint;
  /**
   * Accepts an order: when this resolves it is on disk. The append itself decides whether it is the first; only a refused append looks
   * at what is there:
   *
   * | order number | content | idempotency key             | outcome                       |
   * |--------------|---------|-----------------------------|-------------------------------|
   * | new          |         | none, new                   | accepted                      |
   * | new          |         | of another order            | HUB_IDEMPOTENCY_KEY_REUSED    |
   * | known        | same    | none, new, of any order     | replayed                      |
   * | known        | other   | none, new, of any order     | HUB_ORDER_NUMBER_REUSED       |
   *
   * @throws ReuseError as above; StorageFullError and other UnavailableErrors: nothing was accepted, repeat it
   */
  placeOrder(command: PlaceOrder, entry: Entry, resubmission?: Resubmission): Promise<Accepted>;
}

/** The append says that this is no first submission. */
type Refusal = RevisionConflictError | RequestKeyTakenError;

export interface IntakePorts extends Pick<Ports, 'keys' | 'cache' | 'clock' | 'telemetry'> {
  readonly store: Pick<EventStore, 'namespace' | 'append' | 'readStream'>;
}

export const openIntake = async (ports: IntakePorts, duplicateCacheMs: number): Promise<OrderIntake> => {
  const { store, keys, cache, clock, telemetry } = ports;
  const fingerprint = await openFingerprint(keys);
  const fingerprintOf = knownOrders({ store, cache, logger: telemetry.logger }, duplicateCacheMs);
  const received = telemetry.counter(METRICS.ordersReceived.name);
  const replayed = telemetry.counter(METRICS.ordersReplayed.name);

  const prepare = async (
    command: PlaceOrder,
    { principal: { clientId, partnerId }, idempotencyKey, channel, correlationId, traceparent }: Entry,
    resubmission: Resubmission | undefined,
  ): Promise<{ readonly data: OrderReceived['data']; readonly append: Append }> => {
    const orderId = orderIdOf(store.namespace, partnerId, command.orderNumber, resubmission?.submission);
    const stream = orderStream(orderId);
    const requestKey = idempotencyKey === undefined ? undefined : { requestKey: requestKeyOf(clientId, idempotencyKey) };
    const data = receivedData(command, {
      orderId,
      partnerId,
      clientId,
      channel,
      fingerprint: fingerprint(command),
      submission: 1,
      ...resubmission,
      ...requestKey,
    });
    const event: NewEvent<OrderReceived['type']> = {
      id: newId(),
      type: 'OrderReceived',
      data: data as object as JsonObject,
      private: await seal(keys, subjectOf(partnerId, data.buyerId), stream, personalData(command)),
      metadata: {
        time: new Date(clock.now()).toISOString(),
        correlationId,
        ...(traceparent !== undefined && { traceparent }),
        partnerId,
        actor: `client:${clientId}`,
        schemaVersion: SCHEMA_VERSION,
      },
    };
    return { data, append: { stream, expectedRevision: NO_STREAM, events: [event], ...requestKey } };
  };

  /** The append was refused: whoever came first decides what this one is. */
  const compare = async (refusal: Refusal, data: OrderReceived['data']): Promise<Accepted> => {
    const { orderId, orderNumber } = data;
    const accepted = await fingerprintOf(orderId);
    if (accepted === data.fingerprint) return { orderId, replayed: true };
    if (accepted !== undefined) throw numberReused(orderId, orderNumber);
    throw refusal instanceof RequestKeyTakenError ? keyReused(refusal.stream) : refusal;
  };

  const refusalOf = async (append: Append): Promise<Refusal | undefined> => {
    try {
      await store.append(append);
      return undefined;
    } catch (error) {
      if (error instanceof RevisionConflictError || error instanceof RequestKeyTakenError) return error;
      throw error;
    }
  };

  return {
    fingerprint,
    placeOrder: async (command, entry, resubmission) => {
      const { partnerId } = entry.principal;
      const attributes = { 'hub.flow': ORDER, 'hub.partner_id': partnerId };
      const span = telemetry.startSpan(SPANS.intake.name, { parent: entry.traceparent, attributes });
      try {
        const { data, append } = await prepare(command, { ...entry, traceparent: span.traceparent ?? entry.traceparent }, resubmission);
        span.setAttribute('hub.stream', append.stream);
        const refusal = await refusalOf(append);
        const accepted = refusal ? await compare(refusal, data) : { orderId: data.orderId, replayed: false };
        (accepted.replayed ? replayed : received).add(1, { channel: entry.channel });
        const { correlationId } = entry;
        const message = accepted.replayed ? 'repeated' : 'received';
        telemetry.logger.debug(message, { stream: append.stream, partnerId, correlationId, traceparent: span.traceparent });
        return accepted;
      } catch (error) {
        if (!(error instanceof ReuseError)) span.fail(error);
        throw error;
      } finally {
        span.end();
      }
    },
  };
};

const numberReused = (orderId: string, orderNumber: string): ReuseError =>
  new ReuseError(
    'HUB_ORDER_NUMBER_REUSED',
    `order number ${orderNumber} was accepted before with other content; an order number is used once. Look at that order, send this one under a number of its own, or, if that one ended without effect, resubmit it`,
    { orderId, links: orderLinks(orderId) },
  );

/** @param stream what holds the key */
export const keyReused = (stream: string): ReuseError => {
  const holder = categoryOf(stream) === ORDER ? objectIdOf(stream) : undefined;
  return new ReuseError(
    'HUB_IDEMPOTENCY_KEY_REUSED',
    'the Idempotency-Key was used before for something else; send this order with a key of its own',
    holder === undefined ? {} : { orderId: holder, links: orderLinks(holder) },
  );
};
