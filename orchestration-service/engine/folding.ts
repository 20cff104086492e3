import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { StepFaulted } from '@sagahub/contracts/messages/hub.ts';
import { type Folded, givenUpFault, type StepFault } from '@sagahub/contracts/ports/saga-runtime.ts';
import { type Flow, isLeftToOperator, NEVER, OPERATOR_QUEUE, type PendingStep, type SagaEvent } from '@sagahub/contracts/saga.ts';

/** Step of the row that stands for an object only an operator can move on, after a handler kept throwing. */
export const STUCK_STEP = 'stuck';

/** A stream before its first event. */
export const emptyFold = (flow: Flow, stream: string): Folded => ({
  flow,
  state: flow.initialState,
  stream,
  revision: -1,
  time: '',
  startedAtMs: 0,
  partnerId: '',
  correlationId: '',
  traceparent: undefined,
});

/** One more recorded event. */
export const foldRecorded = (folded: Folded, recorded: RecordedEvent): Folded => {
  const event = folded.flow.upcast?.(recorded) ?? recorded;
  const { metadata } = event;
  const origin =
    folded.revision === -1
      ? {
          startedAtMs: Date.parse(metadata.time),
          partnerId: metadata.partnerId ?? '',
          correlationId: metadata.correlationId,
          traceparent: metadata.traceparent,
        }
      : undefined;
  return foldBody({ ...folded, ...origin, revision: event.revision }, event, metadata.time, metadata.sagaVersion);
};

/** What an event changes, whether it is recorded already or about to be. Leaves `revision` as it is. */
export const foldBody = (folded: Folded, event: EventBody<string, any>, time: string, sagaVersion: number | undefined): Folded => {
  if (event.type === 'StepFaulted') {
    const fault = faultOf(event as StepFaulted, time);
    return { ...folded, time, faults: new Map(folded.faults).set(fault.step, fault) };
  }
  const { faults: _cleared, ...rest } = folded;
  const sagaEvent: SagaEvent = {
    type: event.type,
    data: event.data,
    ...(event.private && { private: event.private }),
    time,
    partnerId: folded.partnerId,
    ...(sagaVersion !== undefined && { sagaVersion }),
  };
  return { ...rest, time, state: folded.flow.evolve(folded.state, sagaEvent) };
};

const faultOf = ({ data }: StepFaulted, time: string): StepFault => ({
  step: data.step,
  count: data.attempt,
  error: data.error,
  sinceMs: Date.parse(time),
  ...(data.nextAt !== undefined && { nextAtMs: Date.parse(data.nextAt) }),
});

/**
 * The open work of a stream: what its flow asks for, held back while a faulted step waits for its next try, and replaced by one
 * operator's row when the engine gave up on it.
 */
export const pendingSteps = (folded: Folded): readonly PendingStep[] => {
  const pending = folded.flow.pending(folded.state);
  const { faults } = folded;
  if (!faults || pending.length === 0) return pending;
  const givenUp = givenUpFault(folded);
  if (givenUp) return [{ step: STUCK_STEP, queue: OPERATOR_QUEUE, attempt: givenUp.count, dueAtMs: NEVER, sinceMs: givenUp.sinceMs }];
  return pending.map((row) => ({ ...row, dueAtMs: Math.max(row.dueAtMs, faults.get(row.step)?.nextAtMs ?? 0) }));
};

/** Nothing will happen any more unless somebody acts: ended, or left to an operator. */
export const isSettled = (folded: Folded): boolean => {
  if (folded.revision === -1) return false;
  const rows = pendingSteps(folded);
  return rows.length === 0 || isLeftToOperator(rows);
};
