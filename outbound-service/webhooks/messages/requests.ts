import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { objectIdOf, type NewEvent, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { derivedId, newId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { deliveryStream, type WebhookRequested } from '@sagahub/contracts/messages/webhook.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type Append, type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { DeliveryState } from '../deliveries/state.ts';
import type { Subscription } from '../subscriptions/state.ts';

/** A message somebody is to get. */
export interface Wanted {
  readonly stream: string;
  readonly body: WebhookRequested['data'];
  readonly partnerId: string;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
  /** The event it tells about. */
  readonly causationId?: string;
  readonly actor: string;
}

/** The message a subscription gets of an event: the same one however often it is asked for. */
export const wantedOf = ({ subscriptionId, ordered }: Subscription, event: RecordedEvent, type: string): Wanted => {
  const objectId = objectIdOf(event.stream);
  const { correlationId, traceparent, partnerId = '', time } = event.metadata;
  return {
    stream: deliveryStream(subscriptionId, objectId),
    body: {
      messageId: derivedId(subscriptionId, event.id),
      subscriptionId,
      objectId,
      type,
      source: { stream: event.stream, revision: event.revision },
      occurredAt: time,
      ordered,
    },
    partnerId,
    correlationId,
    traceparent,
    causationId: event.id,
    actor: 'hub',
  };
};

interface RequestPorts {
  readonly store: Pick<EventStore, 'appendMany'>;
  readonly runtime: Pick<SagaRuntime, 'load'>;
  readonly clock: Clock;
}

/** Writes down who is to get which message: one append per stream, all of them at once. What was written before is left out. */
export class MessageRequests {
  readonly #ports: RequestPorts;

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  /** @returns how many were new */
  async write(wanted: readonly Wanted[]): Promise<number> {
    const streams = Map.groupBy(wanted, ({ stream }) => stream);
    let written = 0;
    while (streams.size > 0) {
      const appends: Append[] = [];
      await Promise.all(
        streams.entries().map(async ([stream, messages]) => {
          const append = await this.#appendOf(stream, messages);
          if (append) appends.push(append);
          else streams.delete(stream);
        }),
      );
      if (appends.length === 0) return written;
      const results = await this.#ports.store.appendMany(appends);
      for (const [index, result] of results.entries()) {
        const { stream, events } = appends[index]!;
        if (result.status === 'fulfilled') {
          streams.delete(stream);
          written += events.length;
        } else if (!(result.reason instanceof RevisionConflictError)) throw result.reason;
      }
    }
    return written;
  }

  /** Undefined: all of it is there. */
  async #appendOf(stream: string, messages: readonly Wanted[]): Promise<Append | undefined> {
    const { revision, state } = await this.#ports.runtime.load<DeliveryState>(stream);
    const known = new Set(state.messages.map(({ id }) => id));
    const missing = messages.filter(({ body }) => !known.has(body.messageId));
    if (missing.length === 0) return undefined;
    return { stream, expectedRevision: revision === -1 ? NO_STREAM : revision, events: missing.map((one) => this.#newEvent(one)) };
  }

  #newEvent({ body, partnerId, correlationId, traceparent, causationId, actor }: Wanted): NewEvent {
    return {
      id: newId(),
      type: 'WebhookRequested',
      data: body as unknown as JsonObject,
      metadata: {
        time: new Date(this.#ports.clock.now()).toISOString(),
        correlationId,
        ...(causationId !== undefined && { causationId }),
        ...(traceparent !== undefined && { traceparent }),
        partnerId,
        actor,
        schemaVersion: 1,
      },
    };
  }
}
