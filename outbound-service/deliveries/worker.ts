import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { Counter, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS, SPANS } from '@sagahub/contracts/telemetry-names.ts';
import type { Permit } from '../resilience/breaker.ts';
import { Attempt, type AttemptContext, readHead } from './attempt.ts';
import { cancel } from './cancelling.ts';
import { submit } from './submitting.ts';

/**
 * Handles the hints of one connector's queue. While its breaker is open a hint costs one deferral and nothing is read; otherwise the
 * stream says which call it wants, the call is made, and what came of it is reported. Nothing is kept between hints.
 */
export const deliverer = (context: AttemptContext, telemetry: Telemetry): ((hint: Hint) => Promise<void>) => {
  const retries = telemetry.counter(METRICS.connectorRetries.name);
  return async (hint) => {
    const leave = context.breaker.enter();
    if (leave.kind === 'wait') return context.runtime.defer(hint, leave.untilMs);
    try {
      await deliver(context, hint, leave.permit, telemetry, retries);
    } finally {
      leave.permit.settle();
    }
  };
};

const deliver = async (context: AttemptContext, hint: Hint, permit: Permit, telemetry: Telemetry, retries: Counter): Promise<void> => {
  const head = await readHead(context, hint);
  if (!head) return;
  const { connector, operation, attempt: number } = head.call;
  const { name, kind } = SPANS.connectorCall;
  const attributes = { 'hub.connector': connector, 'hub.operation': operation, 'hub.attempt': number, 'hub.stream': hint.stream };
  const span = telemetry.startSpan(name, { kind, parent: head.folded.traceparent, attributes });
  using attempt = new Attempt(context, hint, permit, head, span);
  if (number > 1) retries.add(1, { connector, operation });
  try {
    await (operation === 'submit' ? submit(attempt) : cancel(attempt));
  } catch (error) {
    span.fail(error);
    throw error;
  }
};
