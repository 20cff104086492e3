import { PROBLEM_MEDIA_TYPE, type Problem } from '@sagahub/contracts/api/problem.ts';
import { isRepeatable, type RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import { HubError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { InboundProblem } from '@sagahub/contracts/messages/inbound.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { InboundMessage, Settlement } from '@sagahub/contracts/ports/order-inbox.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import type { Park, Trace } from './parking.ts';

/** Hands a message to the route that HTTP has for orders, as the client whom the broker knows. Never rejects. */
export interface Submit {
  (message: Omit<InboundMessage, 'signal'>, trace: Trace): Promise<RouteAnswer>;
  /** Whose client it is; `undefined` when there is none such. */
  partnerOf(clientId: string | undefined): Promise<string | undefined>;
}

export interface InboundParts {
  readonly submit: Submit;
  readonly park: Park;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Pauses while what the hub needs is away; the message is kept in hand meanwhile, so that nothing spins and no more come than are in hand.
 * Then it goes back to the queue, and begins anew.
 */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];

/**
 * Settles one message.
 *
 * | what the route answers | what happens |
 * |---|---|
 * | accepted, now or before | the answer is the reply |
 * | refused (4xx) | parked with its problem, which is the reply |
 * | not now (429, 503 …) | tried again, with growing pauses; then back to the queue |
 * | a fault of the hub (500) | the same, and at last parked, so that one message cannot keep a place for ever |
 */
export const settleMessage = (parts: InboundParts) => {
  const tryOnce = settleOnce(parts);
  return async (message: InboundMessage): Promise<Settlement> => {
    const { signal, correlationId = newId(), traceparent } = message;
    const trace: Trace = { correlationId: isHarmless(correlationId) ? correlationId : newId(), traceparent };
    for (const pauseMs of PAUSES_MS) {
      const settlement = await tryOnce(message, trace);
      if (settlement) return settlement;
      await parts.clock.sleep(pauseMs, signal);
      if (signal.aborted) return LATER;
    }
    return (await tryOnce(message, trace, true)) ?? LATER;
  };
};

const LATER: Settlement = { kind: 'later' };

/** `undefined`: not now. @throws a bug; the message comes again */
const settleOnce =
  ({ submit, park, logger }: InboundParts) =>
  async (message: InboundMessage, trace: Trace, isLast = false): Promise<Settlement | undefined> => {
    const { clientId } = message;
    const { correlationId } = trace;
    const answer = await submit(message, trace);
    if (answer.status < 400) return { kind: 'done', reply: replyOf(answer) };
    if (isRepeatable(answer.status) && !(answer.status === 500 && isLast)) return undefined;
    const problem = problemIn(answer);
    try {
      await park(message, await submit.partnerOf(clientId), problem, trace);
    } catch (error) {
      if (!(error instanceof HubError && error.retryable)) throw error;
      logger.warn('a refused message could not be parked yet', { reason: error.message, correlationId });
      return undefined;
    }
    logger.info('a message was parked', { code: problem.code, clientId, correlationId });
    return { kind: 'done', reply: replyOf(answer) };
  };

export const problemIn = ({ body }: RouteAnswer): InboundProblem => {
  const { status, code, detail, errors } = body as Problem;
  return { status, code, detail, ...(errors && { errors }) };
};

const replyOf = ({ status, headers, body }: RouteAnswer) => ({
  status,
  replayed: headers['idempotent-replayed'] === 'true',
  contentType: status < 400 ? 'application/json' : PROBLEM_MEDIA_TYPE,
  body: JSON.stringify(body),
});

/** As over HTTP: anything else is replaced. */
const isHarmless = (correlationId: string): boolean => /^[\w.-]{1,128}$/.test(correlationId);
