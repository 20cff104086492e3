import grpc from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { Faults } from './faults.ts';
import { type DoubleLog, type Expected, MAX_APPEND_BYTES, type Outcome, type Proposed } from './log.ts';
import { failure, identifierOf, nameOf, proposedOf, structured, textOf } from './wire.ts';

type AppendCall = grpc.ServerReadableStream<streamsPb.AppendReq, streamsPb.AppendResp>;
type BatchCall = grpc.ServerDuplexStream<streamsPb.BatchAppendReq, streamsPb.BatchAppendResp>;
type Refused = Exclude<Outcome, { readonly kind: 'written' }>;

/** `Append` and `BatchAppend`: one call an append, and one call for many. They tell of a conflict in different ways. */
export const appendCalls = (log: DoubleLog, faults: Faults, count: (call: string) => void, port: () => number) => ({
  append: (call: AppendCall, reply: grpc.sendUnaryData<streamsPb.AppendResp>): void => {
    count('append');
    let options: streamsPb.AppendReq.Options | undefined;
    const events: Proposed[] = [];
    call.on('data', (message: streamsPb.AppendReq) => {
      const proposed = message.getProposedMessage();
      if (proposed) events.push(proposedOf(proposed));
      else options = message.getOptions();
    });
    call.on('end', () => {
      const refusal = faults.refusal(call, true, port());
      if (refusal) return reply(refusal);
      if (!options) return reply(failure(grpc.status.INVALID_ARGUMENT, 'no options'));
      const outcome = log.append(
        nameOf(options.getStreamIdentifier()),
        expectedOf(options, () => options?.getRevision()),
        events,
      );
      return answerAppend(outcome, nameOf(options.getStreamIdentifier()), reply);
    });
  },

  batchAppend: (call: BatchCall): void => {
    count('batchAppend');
    const begun = new Map<string, { readonly options: streamsPb.BatchAppendReq.Options; readonly events: Proposed[] }>();
    call.on('data', (message: streamsPb.BatchAppendReq) => {
      const refusal = faults.refusal(call, true, port());
      if (refusal) return void call.emit('error', refusal);
      const correlation = textOf(message.getCorrelationId());
      const options = message.getOptions();
      const append = begun.get(correlation) ?? (options && { options, events: [] });
      if (!append) return void call.emit('error', failure(grpc.status.INVALID_ARGUMENT, 'the first fragment has no options'));
      begun.set(correlation, append);
      append.events.push(...message.getProposedMessagesList().map(proposedOf));
      if (!message.getIsFinal()) return; // fragments of about 3 MiB
      begun.delete(correlation);
      if (faults.take('lostRequests')) return;
      const stream = nameOf(append.options.getStreamIdentifier());
      const expected = expectedOf(append.options, () => append.options.getStreamPosition());
      const outcome: Outcome = faults.take('busy') ? { kind: 'busy' } : log.append(stream, expected, append.events);
      const answer = new streamsPb.BatchAppendResp().setCorrelationId(structured(correlation)).setStreamIdentifier(identifierOf(stream));
      if (outcome.kind === 'written')
        answer.setSuccess(
          new streamsPb.BatchAppendResp.Success().setCurrentRevision(String(outcome.revision)).setPosition(placeOf(outcome.position)),
        );
      else answer.setError(batchError(outcome, stream));
      if (faults.take('lostReplies')) return;
      if (faults.take('delayedReplies')) setTimeout(() => (count('lateReply'), call.write(answer)), faults.replyDelayMs).unref();
      else call.write(answer);
    });
    call.on('end', () => call.end());
  },
});

const expectedOf = (
  options: { hasAny(): boolean; hasNoStream(): boolean; hasStreamExists(): boolean },
  revision: () => string | undefined,
): Expected => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no-stream';
  return options.hasStreamExists() ? 'stream-exists' : Number(revision());
};

const placeOf = (position: bigint): sharedPb.AllStreamPosition =>
  new sharedPb.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position));

const answerAppend = (outcome: Outcome, stream: string, reply: grpc.sendUnaryData<streamsPb.AppendResp>): void => {
  const response = new streamsPb.AppendResp();
  switch (outcome.kind) {
    case 'written': {
      const position = String(outcome.position);
      const success = new streamsPb.AppendResp.Success().setCurrentRevision(String(outcome.revision));
      success.setPosition(new streamsPb.AppendResp.Position().setCommitPosition(position).setPreparePosition(position));
      return reply(null, response.setSuccess(success));
    }
    case 'conflict': {
      const conflict = new streamsPb.AppendResp.WrongExpectedVersion();
      const { actual, expected } = outcome;
      if (actual < 0) conflict.setCurrentNoStream(new sharedPb.Empty());
      else conflict.setCurrentRevision(String(actual));
      if (typeof expected === 'number') conflict.setExpectedRevision(String(expected));
      else if (expected === 'no-stream') conflict.setExpectedNoStream(new sharedPb.Empty());
      else if (expected === 'stream-exists') conflict.setExpectedStreamExists(new sharedPb.Empty());
      else conflict.setExpectedAny(new sharedPb.Empty());
      return reply(null, response.setWrongExpectedVersion(conflict));
    }
    case 'deleted':
      return reply(failure(grpc.status.FAILED_PRECONDITION, 'deleted', { exception: 'stream-deleted', 'stream-name': stream }));
    case 'too-large':
      return reply(
        failure(grpc.status.INVALID_ARGUMENT, 'too large', {
          exception: 'maximum-append-size-exceeded',
          'maximum-append-size': String(MAX_APPEND_BYTES),
        }),
      );
    case 'invalid':
      return reply(failure(grpc.status.INVALID_ARGUMENT, outcome.reason));
    case 'busy':
      return reply(failure(grpc.status.UNAVAILABLE, 'Server Is Busy'));
  }
};

const batchError = (outcome: Refused, stream: string): statusPb.Status => {
  const error = (code: number, type: string, details: { serializeBinary(): Uint8Array }): statusPb.Status => {
    const any = new anyPb.Any();
    any.pack(details.serializeBinary(), `event_store.client.${type}`);
    return new statusPb.Status().setCode(code).setMessage(type).setDetails(any);
  };
  switch (outcome.kind) {
    case 'conflict': {
      const conflict = new sharedPb.WrongExpectedVersion();
      const { actual, expected } = outcome;
      if (actual < 0) conflict.setCurrentNoStream(new emptyPb.Empty());
      else conflict.setCurrentStreamRevision(String(actual));
      if (typeof expected === 'number') conflict.setExpectedStreamPosition(String(expected));
      else if (expected === 'no-stream') conflict.setExpectedNoStream(new emptyPb.Empty());
      else if (expected === 'stream-exists') conflict.setExpectedStreamExists(new emptyPb.Empty());
      else conflict.setExpectedAny(new emptyPb.Empty());
      return error(grpc.status.FAILED_PRECONDITION, 'WrongExpectedVersion', conflict);
    }
    case 'deleted':
      return error(
        grpc.status.FAILED_PRECONDITION,
        'StreamDeleted',
        new sharedPb.StreamDeleted().setStreamIdentifier(identifierOf(stream)),
      );
    case 'too-large':
      return error(
        grpc.status.INVALID_ARGUMENT,
        'MaximumAppendSizeExceeded',
        new sharedPb.MaximumAppendSizeExceeded().setMaxappendsize(MAX_APPEND_BYTES),
      );
    case 'invalid':
      return error(grpc.status.INVALID_ARGUMENT, 'BadRequest', new sharedPb.BadRequest().setMessage(outcome.reason));
    case 'busy': {
      const details = new anyPb.Any();
      details.pack(new emptyPb.Empty().serializeBinary(), 'google.protobuf.Empty');
      return new statusPb.Status().setMessage('Server Is Busy').setDetails(details);
    }
  }
};
