import type { JsonObject } from './json.ts';

/**
 * Personal data, sealed with AES-256-GCM under the key of its subject (`KeyStore`). Only this stands in the
 * log: with the key gone the person is erased, and every hash still verifies.
 */
export interface SealedData {
  /** Name of the key in the KeyStore, e.g. `subject:<partnerId>:<hash of the buyer id>`. */
  readonly keyId: string;
  /** 12 random bytes, base64. */
  readonly nonce: string;
  /** Ciphertext followed by the 16-byte tag, base64. The additional authenticated data is the stream name. */
  readonly sealed: string;
}

export interface EventMetadata {
  /** ISO 8601 UTC with milliseconds, by our clock; never goes back within a stream. */
  readonly time: string;
  /** One per business flow, from the partner's `X-Correlation-ID` or drawn at the edge. */
  readonly correlationId: string;
  /** Id of the event that led to this one. */
  readonly causationId?: string;
  /** W3C trace context of the work that appended the event. */
  readonly traceparent?: string;
  readonly partnerId?: string;
  /** Who acted: `client:<id>`, `saga:<flow>`, `connector:<name>`, `hub`. */
  readonly actor: string;
  readonly schemaVersion: number;
  /** Pinned by the first decision of a saga. */
  readonly sagaVersion?: number;
}

/** An event as handed to `EventStore.append`. */
export interface NewEvent<Type extends string = string, Data = JsonObject> {
  /** UUIDv7, drawn once per append call and reused only when that very call is repeated. */
  readonly id: string;
  readonly type: Type;
  readonly data: Data;
  readonly private?: SealedData;
  readonly metadata: EventMetadata;
}

/** An event as the log holds it. */
export interface RecordedEvent<Type extends string = string, Data = JsonObject> extends NewEvent<Type, Data> {
  readonly stream: string;
  /** 0-based place within the stream, without gaps. */
  readonly revision: number;
  /** Place within this one log; dense and ascending in SQLite and PostgreSQL, only ascending elsewhere. */
  readonly position: bigint;
  /** SHA-256, hex, over the previous event's hash and this event's bytes (`event-codec.ts`). */
  readonly hash: string;
}

/** A fact or decision before it gets its id, time and metadata. */
export interface EventBody<Type extends string = string, Data = JsonObject> {
  readonly type: Type;
  readonly data: Data;
  readonly private?: SealedData;
}

/** What a stream is about: the part of its name before the first hyphen (`order` of `order-<id>`). */
export const categoryOf = (stream: string): string => {
  const hyphen = stream.indexOf('-');
  return hyphen === -1 ? stream : stream.slice(0, hyphen);
};

/** The part of a stream's name after its category. */
export const objectIdOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
