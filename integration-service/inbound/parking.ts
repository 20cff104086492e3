import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { SealedData } from '@sagahub/contracts/events.ts';
import { derivedId, newId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { type InboundParked, type InboundPayload, type InboundProblem, inboundStream } from '@sagahub/contracts/messages/inbound.ts';
import { seal } from '@sagahub/contracts/personal-data.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { InboundMessage } from '@sagahub/contracts/ports/order-inbox.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { subjectOfMessage } from './subject.ts';

const SCHEMA_VERSION = 1;
const ACTOR = 'hub';
/** Sealed and in base64 this stays below what one append takes. */
const MAX_KEPT_BYTES = 600 * 1024;
/** Kept of a message that is larger than any order may be, to see what it was. */
const BEGINNING_BYTES = 4 * 1024;

export interface Trace {
  readonly correlationId: string;
  readonly traceparent: string | undefined;
}

/** Records a refused message with its problem; when it resolves, that is on disk. The same message is recorded once, however often it comes. */
export type Park = (message: InboundMessage, partnerId: string | undefined, problem: InboundProblem, trace: Trace) => Promise<void>;

export const openParking =
  ({ store, keys, clock }: Pick<Ports, 'store' | 'keys' | 'clock'>, runtime: Pick<SagaRuntime, 'execute'>): Park =>
  async (message, partnerId, problem, { correlationId, traceparent }) => {
    const { content, signal: _signal, traceparent: _traceparent, foreignReplyTo: _foreign, ...facts } = message;
    const inboundId = idOf(store.namespace, message);
    const stream = inboundStream(inboundId);
    const { payload, truncated } = payloadOf(content);
    const parked: InboundParked['data'] = { inboundId, ...facts, problem, ...(truncated && { truncated: true }) };
    const sealed: SealedData = await seal(keys, subjectOfMessage(partnerId, inboundId, content), stream, payload);
    const metadata = {
      time: new Date(clock.now()).toISOString(),
      correlationId,
      ...(traceparent !== undefined && { traceparent }),
      ...(partnerId !== undefined && { partnerId }),
      actor: ACTOR,
      schemaVersion: SCHEMA_VERSION,
    };
    const data = parked as object as JsonObject;
    try {
      await store.append({
        stream,
        expectedRevision: NO_STREAM,
        events: [{ id: newId(), type: 'InboundParked', data, private: sealed, metadata }],
      });
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
      await runtime.execute(stream, { type: 'Park', parked, sealed }, { actor: ACTOR, correlationId, traceparent });
    }
  };

/** The same for every delivery of one message. */
const idOf = (namespace: string, { clientId = '', messageId = '', content }: InboundMessage): string =>
  derivedId(namespace, 'inbound', clientId, messageId, createHash('sha256').update(content).digest('hex'));

const payloadOf = (content: Uint8Array): { readonly payload: InboundPayload; readonly truncated: boolean } => {
  const bytes = Buffer.from(content);
  const whole = encoded(bytes);
  if (JSON.stringify(whole).length <= MAX_KEPT_BYTES) return { payload: whole, truncated: false };
  return { payload: { encoding: 'base64', body: bytes.subarray(0, BEGINNING_BYTES).toString('base64') }, truncated: true };
};

const encoded = (bytes: Buffer): InboundPayload =>
  isUtf8(bytes) ? { encoding: 'utf8', body: bytes.toString('utf8') } : { encoding: 'base64', body: bytes.toString('base64') };

/** The bytes of a parked message. */
export const contentOf = ({ encoding, body }: InboundPayload): Uint8Array => Buffer.from(body, encoding);
