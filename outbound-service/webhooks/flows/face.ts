import type { WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Json } from '@sagahub/contracts/json.ts';

/** The part of an event that its public type follows from. */
export type Happened = Pick<RecordedEvent, 'type' | 'data'>;

/** What the outside is told of a flow's objects, by webhook and by broker. Pure, and without personal data. */
export interface FlowFace<Facts extends object = any> {
  /** Of the streams it tells about. */
  readonly category: string;
  /** What the outside calls an event; `undefined` for what goes on inside. By the event alone, so it never changes. */
  publicTypeOf(event: Happened): WebhookType | undefined;
  /** What every message says of the object, as far as its events tell it; `undefined` before its first one. */
  foldFacts(facts: Facts | undefined, event: RecordedEvent): Facts | undefined;
  /** What a message says beside the facts. */
  specificsOf(event: Happened): Readonly<Record<string, Json | undefined>>;
  /** Where the object is read, relative to the API. */
  selfOf(facts: Facts): string;
}

/**
 * The body of the message about an event: a function of the object's events up to it, so every attempt and every way sends the same bytes.
 * @throws Error nobody is told of such an event
 */
export const bodyOf = (face: FlowFace, facts: object, event: RecordedEvent): string => {
  const type = face.publicTypeOf(event);
  if (!type) throw new Error(`${event.type} is nothing that subscribers are told of`);
  const data = { ...facts, links: { self: face.selfOf(facts) }, ...face.specificsOf(event) };
  return JSON.stringify({ type, timestamp: event.metadata.time, data });
};
