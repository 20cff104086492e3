import { randomUUID } from 'node:crypto';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { AppendCall, KurrentClient } from './client.ts';
import { NoAnswerError, UNAVAILABLE } from './failures.ts';
import { identifierOf } from './requests.ts';
import type { Server } from './server.ts';
import { uuidText } from './stored-event.ts';

/** An event as it is sent. */
export interface Proposal {
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

export type Reply =
  | {
      readonly kind: 'written';
      readonly revision: number /** Absent when the server does not tell. */;
      readonly position: bigint | undefined;
    }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'deleted' };

interface Waiting {
  readonly sinceMs: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Sends appends over one call to the server, any number at a time; each is answered on its own. When the call breaks, the appends that wait
 * on it are rejected, their outcome unknown, and the next append opens a new one.
 */
export class AppendStream {
  readonly #server: Server;
  readonly #timeoutMs: number;
  #open: { readonly client: KurrentClient; readonly line: Promise<Line> } | undefined;

  /** @param timeoutMs how long an append waits for its answer */
  constructor(server: Server, timeoutMs: number) {
    this.#server = server;
    this.#timeoutMs = timeoutMs;
  }

  /** Repeats until the outcome is known: the server takes a repeated append, told by its events' ids, for one. */
  append(stream: string, expectedRevision: number, proposals: readonly Proposal[]): Promise<Reply> {
    return this.#server.call(async (client) => (await this.#lineOf(client)).send(stream, expectedRevision, proposals));
  }

  #lineOf(client: KurrentClient): Promise<Line> {
    if (this.#open?.client === client) return this.#open.line;
    const forget = (): void => {
      if (this.#open?.line === line) this.#open = undefined;
    };
    const line = client.openAppends().then((call) => new Line(call, this.#server, client, this.#timeoutMs, forget));
    line.catch(forget);
    this.#open = { client, line };
    return line;
  }
}

/** One call, from its opening to its end. */
class Line {
  readonly #call: AppendCall;
  readonly #server: Server;
  readonly #client: KurrentClient;
  readonly #timeoutMs: number;
  readonly #ended: () => void;
  /** By correlation id; the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  #failure: Error | undefined;
  #heardAtMs: number;
  #isWatched = false;

  constructor(call: AppendCall, server: Server, client: KurrentClient, timeoutMs: number, ended: () => void) {
    this.#call = call;
    this.#ended = ended;
    this.#server = server;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#heardAtMs = server.clock.now();
    call.on('data', (response: streamsPb.BatchAppendResp) => this.#settle(response));
    call.on('error', (error: Error) => this.#fail(error));
    call.on('end', () => this.#fail(new Error('the server ended the call')));
  }

  send(stream: string, expectedRevision: number, proposals: readonly Proposal[]): Promise<Reply> {
    if (this.#failure) return Promise.reject(this.#failure);
    const correlation = randomUUID();
    const request = appendRequest(correlation, stream, expectedRevision, proposals);
    return new Promise((resolve, reject) => {
      this.#waiting.set(correlation, { sinceMs: this.#server.clock.now(), resolve, reject });
      this.#call.write(request);
      if (!this.#isWatched) void this.#watch();
    });
  }

  #settle(response: streamsPb.BatchAppendResp): void {
    this.#heardAtMs = this.#server.clock.now();
    const correlation = uuidText(response.getCorrelationId());
    const waiting = this.#waiting.get(correlation);
    if (!waiting) return; // it came too late, and was repeated
    this.#waiting.delete(correlation);
    const reply = replyOf(response);
    if (reply instanceof Error) waiting.reject(reply);
    else waiting.resolve(reply);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#ended();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }

  /** Nobody waits longer than the time limit. When nothing at all was heard meanwhile, the connection is given up, with all that wait on it. */
  async #watch(): Promise<void> {
    const { clock } = this.#server;
    this.#isWatched = true;
    for (let oldest = first(this.#waiting); oldest && !this.#failure; oldest = first(this.#waiting)) {
      const [correlation, { sinceMs, reject }] = oldest;
      const leftMs = sinceMs + this.#timeoutMs - clock.now();
      if (leftMs > 0) {
        await clock.sleep(leftMs);
        continue;
      }
      const silence = new NoAnswerError(`an append had no answer within ${this.#timeoutMs} ms`);
      this.#waiting.delete(correlation);
      reject(silence);
      if (this.#heardAtMs > sinceMs) continue;
      this.#fail(silence);
      this.#server.replace(this.#client, silence);
    }
    this.#isWatched = false;
  }
}

/** The call wants Google's empty message, whose package is not ours; the protocol's own has the same bytes: none. */
const EMPTY = new sharedPb.Empty();

const first = <Key, Value>(map: ReadonlyMap<Key, Value>): readonly [Key, Value] | undefined => map.entries().next().value;

const appendRequest = (
  correlation: string,
  stream: string,
  expectedRevision: number,
  proposals: readonly Proposal[],
): streamsPb.BatchAppendReq => {
  // Without a deadline: it would be a time of day, and the server's clock need not agree with ours. Its own write timeout holds.
  const options = new streamsPb.BatchAppendReq.Options().setStreamIdentifier(identifierOf(stream));
  if (expectedRevision === NO_STREAM) options.setNoStream(EMPTY);
  else options.setStreamPosition(String(expectedRevision));
  return new streamsPb.BatchAppendReq()
    .setCorrelationId(new sharedPb.UUID().setString(correlation))
    .setOptions(options)
    .setProposedMessagesList(proposals.map(proposedMessage))
    .setIsFinal(true);
};

const proposedMessage = ({ id, type, data, metadata }: Proposal): streamsPb.BatchAppendReq.ProposedMessage => {
  const message = new streamsPb.BatchAppendReq.ProposedMessage()
    .setId(new sharedPb.UUID().setString(id))
    .setData(new Uint8Array(Buffer.from(data, 'utf8')))
    .setCustomMetadata(new Uint8Array(Buffer.from(metadata, 'utf8')));
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return message;
};

const replyOf = (response: streamsPb.BatchAppendResp): Reply | Error => {
  const success = response.getSuccess();
  if (success) {
    const position = success.getPosition();
    return {
      kind: 'written',
      revision: Number(success.getCurrentRevision()),
      position: position && BigInt(position.getCommitPosition()),
    };
  }
  const error = response.getError();
  switch (error?.getDetails()?.getTypeName()) {
    case 'event_store.client.WrongExpectedVersion':
      return { kind: 'conflict' };
    case 'event_store.client.StreamDeleted':
      return { kind: 'deleted' };
    case 'event_store.client.Timeout':
      return new NoAnswerError('the server gave the append up');
    case 'google.protobuf.Empty': // not ready, too busy, or no leader known: nothing was done
      return Object.assign(new Error(error?.getMessage()), { code: UNAVAILABLE });
    default:
      return Object.assign(new Error(error?.getMessage() || 'an append failed'), { code: error?.getCode() });
  }
};
