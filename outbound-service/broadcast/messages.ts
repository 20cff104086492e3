import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { WebhookSource } from '@sagahub/contracts/messages/webhook.ts';
import type { BroadcastMessage } from '@sagahub/contracts/ports/event-broadcast.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import { faceOf } from '../webhooks/flows.ts';
import type { MessageBodies } from '../webhooks/messages/bodies.ts';

/**
 * What consumers are told, as CloudEvents 1.0: `data` is what webhooks tell, and the attributes say whose it is and where it stands in the
 * history of its object.
 */
export class Messages {
  readonly #store: Pick<EventStore, 'readStream' | 'logId'>;
  readonly #bodies: MessageBodies;

  constructor(store: Pick<EventStore, 'readStream' | 'logId'>, bodies: MessageBodies) {
    this.#store = store;
    this.#bodies = bodies;
  }

  /** Of those that anybody is told of, in their order. */
  async ofAll(events: readonly RecordedEvent[]): Promise<readonly BroadcastMessage[]> {
    const messages: BroadcastMessage[] = [];
    for (const event of events) {
      this.#bodies.learn(event);
      const type = typeOf(event);
      if (type !== undefined) messages.push(await this.#messageOf(event, type));
    }
    return messages;
  }

  /** Of an event that consumers were told of before: the same, byte for byte. */
  async of(source: WebhookSource): Promise<BroadcastMessage> {
    const [event] = await this.#store.readStream(source.stream, { from: source.revision, to: source.revision });
    const type = event && typeOf(event);
    if (!event || type === undefined) throw new Error(`consumers are told nothing of ${source.stream} at revision ${source.revision}`);
    return this.#messageOf(event, type);
  }

  async #messageOf(event: RecordedEvent, type: string): Promise<BroadcastMessage> {
    const { id, stream, revision } = event;
    const { correlationId, traceparent, partnerId = '' } = event.metadata;
    const { timestamp, data } = JSON.parse(await this.#bodies.bodyOf({ stream, revision })) as JsonObject;
    const body = JSON.stringify({
      specversion: '1.0',
      id,
      source: `urn:sagahub:${this.#store.logId}`,
      type,
      subject: stream.replace('-', '/'),
      time: timestamp,
      datacontenttype: 'application/json',
      partnerid: partnerId,
      correlationid: correlationId,
      ...(traceparent !== undefined && { traceparent }),
      sequence: String(revision),
      data,
    });
    return { id, type, body, correlationId, ...(traceparent !== undefined && { traceparent }) };
  }
}

const typeOf = (event: RecordedEvent): string | undefined => faceOf(event.stream)?.publicTypeOf(event);

/** Reads back what {@link Messages} wrote; `undefined`: somebody else did. */
export const envelopeIn = (body: string) => {
  try {
    const { id, type, subject, sequence, partnerid, correlationid } = JSON.parse(body) as Readonly<Record<string, string>>;
    const stream = subject?.replace('/', '-');
    const revision = Number(sequence);
    if (!id || !type || !stream || !faceOf(stream) || !correlationid || !Number.isSafeInteger(revision)) return undefined;
    return {
      id,
      type,
      source: { stream, revision },
      partnerId: partnerid ?? '',
      correlationId: correlationid,
      objectId: objectIdOf(stream),
    };
  } catch {
    return undefined;
  }
};
