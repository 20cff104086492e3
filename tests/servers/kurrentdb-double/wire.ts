import grpc from '@grpc/grpc-js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { Proposed, Row } from './log.ts';

/** Between the messages of the protocol and the rows of the log. */
const TICKS_PER_MS = 10_000n;

export const textOf = (uuid: sharedPb.UUID | undefined): string => {
  if (!uuid) return '';
  const halves = uuid.getStructured();
  if (!uuid.hasStructured() || !halves) return uuid.getString();
  return [halves.getMostSignificantBits(), halves.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** In two numbers, as the real server answers, whichever way it was asked. */
export const structured = (uuid: string): sharedPb.UUID => {
  const hex = uuid.replaceAll('-', '');
  const half = (from: number) => String(BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)));
  return new sharedPb.UUID().setStructured(
    new sharedPb.UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16)),
  );
};

export const nameOf = (identifier: sharedPb.StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

export const identifierOf = (stream: string): sharedPb.StreamIdentifier =>
  new sharedPb.StreamIdentifier().setStreamName(new Uint8Array(Buffer.from(stream, 'utf8')));

export const proposedOf = (message: streamsPb.AppendReq.ProposedMessage | streamsPb.BatchAppendReq.ProposedMessage): Proposed => ({
  id: textOf(message.getId()),
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? '',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

export const readEvent = (row: Row): streamsPb.ReadResp => {
  const position = String(row.position);
  const event = new streamsPb.ReadResp.ReadEvent.RecordedEvent()
    .setId(structured(row.id))
    .setStreamIdentifier(identifierOf(row.stream))
    .setStreamRevision(String(row.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(row.data)
    .setCustomMetadata(row.metadata);
  event
    .getMetadataMap()
    .set('type', row.type)
    .set('content-type', row.contentType)
    .set('created', String(BigInt(row.createdMs) * TICKS_PER_MS));
  return new streamsPb.ReadResp().setEvent(new streamsPb.ReadResp.ReadEvent().setEvent(event).setCommitPosition(position));
};

export const checkpointAt = (position: bigint): streamsPb.ReadResp =>
  new streamsPb.ReadResp().setCheckpoint(
    new streamsPb.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );

/** An error status, with the trailer `exception` and others by which the real server says what it means. */
export const failure = (code: grpc.status, details: string, trailers: Readonly<Record<string, string>> = {}): grpc.ServiceError => {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return Object.assign(new Error(details), { code, details, metadata });
};
