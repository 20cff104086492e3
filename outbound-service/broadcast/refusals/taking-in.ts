import { RevisionConflictError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { derivedId, newId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { type EventRefused, refusalStream } from '@sagahub/contracts/messages/consumer.ts';
import type { EventBroadcast, RefusalVerdict, RefusedMessage } from '@sagahub/contracts/ports/event-broadcast.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { envelopeIn, type Messages } from '../messages.ts';
import type { RefusalState } from './state.ts';

const ACTOR = 'hub';
type RefusalPorts = Pick<Ports, 'store' | 'clock' | 'telemetry'>;

/** A refused event comes again after each of these; then it is recorded, and waits for an operator like everything that could not be done. */
export const takeIn =
  ({ store, clock, telemetry }: RefusalPorts, runtime: Pick<SagaRuntime, 'execute'>, delaysMs: readonly number[]) =>
  async ({ consumer, body, refusals, reason }: RefusedMessage): Promise<RefusalVerdict> => {
    const afterMs = delaysMs[refusals - 1];
    if (afterMs !== undefined) return { kind: 'again', afterMs };
    const envelope = envelopeIn(body);
    if (!envelope) {
      telemetry.logger.error('a message among the refused ones is none of the hub’s; it is dropped', { consumer });
      return { kind: 'taken' };
    }
    const { id: messageId, type, source, partnerId, correlationId } = envelope;
    const refusalId = derivedId(store.namespace, 'refusal', consumer, messageId);
    const stream = refusalStream(refusalId);
    const refused: EventRefused['data'] = { refusalId, consumer, messageId, type, source, refusals, reason };
    const metadata = {
      time: new Date(clock.now()).toISOString(),
      correlationId,
      partnerId,
      actor: ACTOR,
      schemaVersion: 1,
    };
    try {
      const event = { id: newId(), type: 'EventRefused', data: refused as object as JsonObject, metadata };
      await store.append({ stream, expectedRevision: NO_STREAM, events: [event] });
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
      await runtime.execute(stream, { type: 'Refuse', refused }, { actor: ACTOR, correlationId });
    }
    return { kind: 'taken' };
  };

/**
 * Sends what an operator redrives to the consumer that refused it, and to no other.
 * @param consumers those that are configured; nobody else has a queue
 */
export const sendAgain =
  (
    runtime: Pick<SagaRuntime, 'load' | 'execute'>,
    messages: Messages,
    broadcast: Pick<EventBroadcast, 'publishTo'> | undefined,
    consumers: ReadonlySet<string>,
  ) =>
  async ({ stream, attempt }: Hint): Promise<void> => {
    const { state } = await runtime.load<RefusalState>(stream);
    if (state.status !== 'sending' || state.attempt !== attempt) return;
    const { consumer, source } = state.event;
    if (!broadcast || !consumers.has(consumer)) {
      await runtime.execute(stream, { type: 'Fail', attempt, reason: `no consumer ${consumer} is configured` }, { actor: ACTOR });
      return;
    }
    const outcome = await broadcast.publishTo(consumer, [await messages.of(source)]);
    // It waits, however long the consumer leaves its queue full: nobody but it can help.
    if (outcome !== 'taken') throw new UnavailableError('HUB_ENGINE_UNAVAILABLE', `the queue of ${consumer} is ${outcome}`);
    await runtime.execute(stream, { type: 'Sent', attempt }, { actor: ACTOR });
  };
