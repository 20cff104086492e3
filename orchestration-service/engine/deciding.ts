import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { EventBody } from '@sagahub/contracts/events.ts';
import type { Redriven, StepRetried } from '@sagahub/contracts/messages/hub.ts';
import { type Folded, givenUpFault } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Command, Decision, SagaVersion } from '@sagahub/contracts/saga.ts';
import type { Draft } from './draft.ts';
import { MissingSagaVersionError } from './errors.ts';
import type { Participants } from './participants.ts';

/** More decisions in one run than any sane saga takes: a decision that never comes to rest is a bug, and must not spin. */
const MAX_DECISIONS = 50;

/** What a run of decisions ended with: at rest, waiting until a time, or at a question it had nobody to ask. */
export type RunEnd = { readonly kind: 'rest' } | { readonly kind: 'wait'; readonly untilMs: number } | { readonly kind: 'ask' };

const versionFor = (folded: Folded): { readonly version: SagaVersion<unknown>; readonly number: number } => {
  const { flow, state, stream } = folded;
  const number = flow.pinnedVersion(state) ?? flow.currentVersion;
  const version = flow.versions[number];
  if (!version) throw new MissingSagaVersionError(flow.name, number, stream);
  return { version, number };
};

/**
 * Lets the saga decide on the draft until it rests, adding what it records to the draft.
 * @param participants absent: stop at the first question (the orchestration queue will ask it)
 */
export const runDecisions = async (draft: Draft, step: string, nowMs: number, participants?: Participants): Promise<RunEnd> => {
  const { version, number } = versionFor(draft.folded);
  let input = { step, nowMs };
  let decision: Decision = version.decide(draft.folded.state, input);
  for (let turn = 0; turn < MAX_DECISIONS; turn++) {
    switch (decision.kind) {
      case 'rest':
        return { kind: 'rest' };
      case 'wait':
        return { kind: 'wait', untilMs: decision.untilMs };
      case 'record':
        draft.record(decision.events, number);
        input = { step: 'advance', nowMs };
        decision = version.decide(draft.folded.state, input);
        break;
      case 'ask': {
        if (!participants) return { kind: 'ask' };
        const participant = participants[decision.participant];
        if (!participant) throw new Error(`flow ${draft.folded.flow.name} asks an unknown participant: ${decision.participant}`);
        decision = version.answer(draft.folded.state, decision, await participant(decision.request), input);
        break;
      }
    }
  }
  throw new Error(`saga ${draft.folded.flow.name} did not come to rest within ${MAX_DECISIONS} decisions`);
};

/** The events a command leads to: the engine's own `RetryStep`, or whatever the flow makes of it. */
export const commandEvents = (folded: Folded, command: Command, nowMs: number): readonly EventBody<string, any>[] => {
  if (command.type !== 'RetryStep') return folded.flow.command(folded.state, command, nowMs);
  const fault = givenUpFault(folded) ?? folded.faults?.values().next().value;
  if (!fault) throw new ConflictError('HUB_NOTHING_TO_RETRY', `${folded.stream} has no faulted step; it may have been retried meanwhile`);
  const retried: StepRetried = {
    type: 'StepRetried',
    data: { step: fault.step, by: String(command['by']), reason: String(command['reason']), ...redriven(command) },
  };
  return [retried];
};

const redriven = ({ deadLetterId, redriveId }: Command): Redriven => ({
  ...(typeof deadLetterId === 'string' && { deadLetterId }),
  ...(typeof redriveId === 'string' && { redriveId }),
});
