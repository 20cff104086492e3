import { hash } from 'node:crypto';
import type { EventMetadata, NewEvent, SealedData } from './events.ts';
import type { JsonObject } from './json.ts';

/**
 * The bytes of an event: JSON with its members in this fixed order, `time` first. These exact bytes are stored
 * and hashed; nothing ever re-serialises a stored event. The stream's name and the revision are not in them: the
 * chain starts from the name, and a revision is a place in the chain.
 */
export const encodeEvent = (event: NewEvent): string => {
  const { time, ...metadata } = event.metadata;
  return JSON.stringify({ time, id: event.id, type: event.type, data: event.data, private: event.private, metadata });
};

/** The reverse of {@link encodeEvent}. Throws SyntaxError on bytes that are no JSON. */
export const decodeEvent = (bytes: string): NewEvent => {
  const { time, id, type, data, metadata, ...rest } = JSON.parse(bytes) as {
    time: string;
    id: string;
    type: string;
    data: JsonObject;
    private?: SealedData;
    metadata: Omit<EventMetadata, 'time'>;
  };
  return { id, type, data, ...rest, metadata: { time, ...metadata } };
};

/** What the first event of a stream is chained to, hex: an event moved to another stream breaks the chain. */
export const chainStart = (stream: string): string => hash('sha256', `sagahub:stream:${stream}`, 'hex');

/** SHA-256(previous hash ‖ bytes), hex; the previous hash enters as its 64 hex characters. */
export const chainHash = (previousHash: string, bytes: string): string => hash('sha256', previousHash + bytes, 'hex');
