import { randomUUID } from 'node:crypto';
import grpc from '@grpc/grpc-js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { Faults } from './faults.ts';
import type { DoubleLog, Row } from './log.ts';
import { checkpointAt, failure, identifierOf, nameOf, readEvent } from './wire.ts';

type ReadCall = grpc.ServerWritableStream<streamsPb.ReadReq, streamsPb.ReadResp>;
type Options = streamsPb.ReadReq.Options;
type Filter = streamsPb.ReadReq.Options.FilterOptions;
const { BACKWARDS } = streamsPb.ReadReq.Options.ReadDirection;

/** An open subscription, so that a test can make it fall silent or end. */
export interface OpenSubscription {
  isSilent: boolean;
  /** Events written to the connection so far. */
  readonly sent: number;
  end(status?: grpc.ServiceError): void;
}

/** `Read`: pages of a stream or of the whole log, either way, filtered or not; and subscriptions to the whole log. */
export const readCalls = (
  log: DoubleLog,
  faults: Faults,
  subscriptions: Set<OpenSubscription>,
  count: (call: string) => void,
  port: () => number,
) => ({
  read: (call: ReadCall): void => {
    const options = call.request.getOptions();
    const needsLeader = call.metadata.get('requires-leader')[0] === 'true';
    const refusal = faults.refusal(call, needsLeader, port()) ?? invalid(options);
    if (refusal || !options) return void call.emit('error', refusal);
    const isLive = options.hasSubscription();
    count(isLive ? 'subscribe' : options.hasAll() ? 'readAll' : 'readStream');
    if (isLive) return subscribe(log, subscriptions, call, options);
    return options.hasAll() ? readAll(log, call, options) : readStream(log, call, options);
  },
});

/** The real server is picky too. Positions that are not the start of a record are refused, as in its log. */
const invalid = (options: Options | undefined): grpc.ServiceError | undefined => {
  const bad = (reason: string) => failure(grpc.status.INVALID_ARGUMENT, reason);
  if (!options) return bad('no options');
  if (!options.hasUuidOption()) return bad('no UUID option');
  if (!options.hasFilter() && !options.hasNoFilter()) return bad('neither a filter nor none');
  if (options.hasFilter() && !options.hasAll()) return bad('only the whole log can be filtered');
  if (options.hasSubscription() && options.getReadDirection() === BACKWARDS) return bad('a subscription runs forwards');
  if (!options.hasSubscription() && BigInt(options.getCount()) <= 0n) return bad('count must be positive');
  const filter = options.getFilter();
  if (filter && (!filter.hasMax() || filter.getMax() <= 0)) return bad('the search window must be positive');
  if (filter && options.hasSubscription() && filter.getCheckpointintervalmultiplier() <= 0)
    return bad('the checkpoint interval must be positive');
  const expression = filter?.getStreamIdentifier() ?? filter?.getEventType();
  if (filter && (expression?.getRegex() !== '') === (expression?.getPrefixList() ?? []).length > 0)
    return bad('a filter has either a regular expression or prefixes');
  return undefined;
};

const predicateOf = (log: DoubleLog, filter: Filter | undefined): ((row: Row) => boolean) => {
  if (!filter) return (row) => log.isVisible(row);
  const byStream = filter.hasStreamIdentifier();
  const expression = byStream ? filter.getStreamIdentifier() : filter.getEventType();
  const pattern = expression?.getRegex() ? new RegExp(expression.getRegex(), 'u') : undefined;
  const prefixes = expression?.getPrefixList() ?? [];
  return (row) => {
    const name = byStream ? row.stream : row.type;
    return log.isVisible(row) && (pattern ? pattern.test(name) : prefixes.some((prefix) => name.startsWith(prefix)));
  };
};

const readStream = (log: DoubleLog, call: ReadCall, options: Options): void => {
  const from = options.getStream();
  const name = nameOf(from?.getStreamIdentifier());
  const rows = log.stream(name);
  if (rows.length === 0) {
    // A message, not a status.
    const missing = new streamsPb.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(name));
    call.write(new streamsPb.ReadResp().setStreamNotFound(missing));
    return void call.end();
  }
  const isBackwards = options.getReadDirection() === BACKWARDS;
  const revision = from?.hasRevision() ? Number(from.getRevision()) : undefined;
  const found = isBackwards
    ? rows.filter((row) => revision === undefined || row.revision <= revision).toReversed()
    : rows.filter((row) => row.revision >= (revision ?? (from?.hasEnd() ? Number.POSITIVE_INFINITY : 0)));
  for (const row of found.slice(0, Number(options.getCount()))) call.write(readEvent(row));
  call.end();
};

/** Index of the row a read begins at (it is the first one forwards, and the first one *not* read backwards), or a refusal. */
const startOf = (log: DoubleLog, options: Options): number | grpc.ServiceError => {
  const all = options.getAll();
  if (all?.hasEnd()) return log.rows.length;
  const place = all?.getPosition();
  if (!place) return 0;
  const position = BigInt(place.getCommitPosition());
  const index = log.indexAt(position);
  if (log.rows[index]?.position !== position) return failure(grpc.status.INVALID_ARGUMENT, 'Invalid position');
  return index;
};

const readAll = (log: DoubleLog, call: ReadCall, options: Options): void => {
  const start = startOf(log, options);
  if (typeof start !== 'number') return void call.emit('error', start);
  const isWanted = predicateOf(log, options.getFilter());
  const step = options.getReadDirection() === BACKWARDS ? -1 : 1;
  let left = Number(options.getCount());
  for (let index = step === 1 ? start : start - 1; left > 0; index += step) {
    const row = log.rows[index];
    if (!row) break;
    if (!isWanted(row)) continue;
    call.write(readEvent(row));
    left -= 1;
  }
  call.end();
};

/** First a confirmation, then what is behind the given position, then what comes; checkpoints only when it is filtered. */
const subscribe = (log: DoubleLog, subscriptions: Set<OpenSubscription>, call: ReadCall, options: Options): void => {
  const start = startOf(log, options);
  if (typeof start !== 'number') return void call.emit('error', start);
  const filter = options.getFilter();
  const isWanted = predicateOf(log, filter);
  const rowsPerCheckpoint = filter ? filter.getMax() * filter.getCheckpointintervalmultiplier() : Number.POSITIVE_INFINITY;
  let next = options.getAll()?.hasPosition() ? start + 1 : start;
  let sinceCheckpoint = 0;
  let sent = 0;
  let isBlocked = false;
  let isCaughtUp = false;

  const pump = (): void => {
    if (subscription.isSilent || isBlocked) return;
    while (!isBlocked && next < log.rows.length) {
      const row = log.rows[next] as Row;
      next += 1;
      sinceCheckpoint += 1;
      if (isWanted(row)) {
        isBlocked = !call.write(readEvent(row));
        sent += 1;
      }
      if (sinceCheckpoint < rowsPerCheckpoint) continue;
      sinceCheckpoint = 0;
      call.write(checkpointAt(row.position));
    }
    if (isBlocked)
      call.once('drain', () => {
        isBlocked = false;
        pump();
      });
    else if (!isCaughtUp) {
      isCaughtUp = true;
      call.write(new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp()));
    }
  };
  const stop = log.onAppend(pump);
  const subscription: OpenSubscription = {
    isSilent: false,
    get sent() {
      return sent;
    },
    end: (status) => {
      close();
      if (status) call.emit('error', status);
      else call.end();
    },
  };
  const close = (): void => {
    stop();
    subscriptions.delete(subscription);
  };
  subscriptions.add(subscription);
  call.on('cancelled', close);
  call.on('close', close);
  const confirmation = new streamsPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
  call.write(new streamsPb.ReadResp().setConfirmation(confirmation));
  pump();
};
