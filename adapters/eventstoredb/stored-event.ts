import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import type streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';

/**
 * An event as KurrentDB stores it. `data` is exactly the bytes that are hashed (they are JSON, and marked so, that its own tools show them);
 * the hash is in the metadata.
 */
export interface StoredEvent {
  /** As the server has it, with the prefix of this log. */
  readonly stream: string;
  readonly revision: number;
  /** Of the commit: ascending, with gaps. */
  readonly position: bigint;
  /** As the server has it. */
  readonly id: string;
  readonly bytes: string;
  /** Empty when the hub did not write the event. */
  readonly hash: string;
}

/** A server too old to say the position of an event that is read from its stream. */
export const NO_POSITION = 2n ** 64n - 1n;

export const storedEvent = (message: streamsPb.ReadResp.ReadEvent): StoredEvent | undefined => {
  const event = message.getEvent();
  if (!event) return undefined;
  return {
    stream: Buffer.from(event.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8'),
    revision: Number(event.getStreamRevision()),
    position: BigInt(event.getCommitPosition()),
    id: uuidText(event.getId()),
    bytes: utf8(event.getData_asU8()),
    hash: hashOf(utf8(event.getCustomMetadata_asU8())),
  };
};

/** `undefined` for what the hub did not write. Throws SyntaxError when the bytes were damaged. */
export const recordedEvent = (stored: StoredEvent, prefix: string): RecordedEvent | undefined =>
  stored.hash === ''
    ? undefined
    : {
        ...decodeEvent(stored.bytes),
        stream: stored.stream.slice(prefix.length),
        revision: stored.revision,
        position: stored.position,
        hash: stored.hash,
      };

/** The server answers in two signed halves, whichever way it was asked. */
export const uuidText = (uuid: sharedPb.UUID | undefined): string => {
  const halves = uuid?.getStructured();
  if (!halves) return uuid?.getString() ?? '';
  const hex = [halves.getMostSignificantBits(), halves.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const hashOf = (metadata: string): string => {
  try {
    const { hash } = JSON.parse(metadata) as { hash?: unknown };
    return typeof hash === 'string' ? hash : '';
  } catch {
    return '';
  }
};

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
