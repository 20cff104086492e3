import { causeOf } from '@sagahub/contracts/causes.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { type DeadLetter, INBOUND_DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import { INBOUND, type InboundEvent, type InboundParked, type InboundProblem, SUBMIT } from '@sagahub/contracts/messages/inbound.ts';
import type { Fold } from './projection.ts';

type Known = InboundEvent & Pick<RecordedEvent, 'stream' | 'metadata'>;

/** One dead letter per message that did not become an order: its document is the letter. */
export const inboundFold: Fold<DeadLetter> = {
  category: INBOUND,
  collection: INBOUND_DEAD_LETTERS,
  apply: (before, event) => {
    const known = event as unknown as Known;
    if (known.type === 'InboundParked') return parked(before, known);
    if (!before) throw new Error(`a message begins with InboundParked, not with ${event.type}`);
    const at = known.metadata.time;
    switch (known.type) {
      case 'InboundRedriven':
        return { ...before, state: 'redriven', resolvedAt: at, resolvedBy: known.data.by, resolution: known.data.reason };
      case 'InboundRefused':
        return { ...open(before), ...problemOf(known.data.problem), attempts: before.attempts + 1, failedAt: at };
      case 'InboundAccepted':
        return { ...before, state: 'resolved', resolvedAt: at, resolution: `became the order ${known.data.orderId}` };
      case 'InboundDiscarded':
        return { ...before, state: 'discarded', resolvedAt: at, resolvedBy: known.data.by, resolution: known.data.reason };
      default:
        return before;
    }
  },
  tally: ({ state, origin }) => (state === 'open' ? [`dead-letter:${origin}`] : []),
  ended: ({ state }) => state !== 'redriven',
};

const parked = (before: DeadLetter | undefined, { data, stream, metadata }: Known & InboundParked): DeadLetter => {
  const { inboundId, problem, ...facts } = data;
  return {
    deadLetterId: inboundId,
    origin: 'inbound',
    flow: INBOUND,
    stream,
    objectId: inboundId,
    partnerId: metadata.partnerId ?? '',
    step: SUBMIT,
    ...problemOf(problem),
    attempts: (before?.attempts ?? 0) + 1,
    firstFailedAt: before?.firstFailedAt ?? metadata.time,
    failedAt: metadata.time,
    state: 'open',
    payload: { ...facts, ...(problem.errors && { errors: problem.errors }) } as object as JsonObject,
  };
};

const problemOf = ({ code, detail, status }: InboundProblem) => ({
  reason: `${code}: ${detail}`,
  status,
  cause: causeOf({ reason: code.toLowerCase().replace(/^hub_/, '').replaceAll('_', ' ') }),
});

const open = ({ resolvedAt: _at, resolvedBy: _by, resolution: _resolution, ...rest }: DeadLetter): DeadLetter => ({
  ...rest,
  state: 'open',
});
