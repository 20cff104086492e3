/** How the dead letters of an object follow its events, whatever its flow: the flow says which open one, and which settle some. */
import { causeOf } from '@sagahub/contracts/causes.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { StepFaulted, StepRetried } from '@sagahub/contracts/messages/hub.ts';
import type { Derived } from './projection.ts';
import type { Waiting } from './waiting.ts';

/** What an event means for open letters. */
export interface Settlement {
  readonly state: Exclude<DeadLetter['state'], 'open'>;
  readonly resolution: string;
  readonly by?: string;
  /** Of this letter, of these origins, of this step alone; absent: of every one. */
  readonly deadLetterId?: string;
  readonly origins?: readonly DeadLetter['origin'][];
  readonly step?: string;
}

/** Open, about a step whose handler kept throwing. */
export const isOfStep = ({ state, origin }: DeadLetter): boolean => state === 'open' && origin === 'step';

/** The letters behind an event; the same array when none of them is settled. */
export const settledLetters = (
  letters: readonly DeadLetter[],
  settlement: Settlement | undefined,
  { type, metadata: { time, actor } }: Pick<RecordedEvent, 'type' | 'metadata'>,
): readonly DeadLetter[] => {
  const settlementOf = (letter: DeadLetter): Settlement | undefined => {
    if (letter.state !== 'open') return undefined;
    if (settlement && concerns(settlement, letter)) return settlement;
    // Whatever else was recorded, the step that had faulted has moved on.
    return letter.origin === 'step' && type !== 'StepFaulted' ? { state: 'resolved', resolution: type } : undefined;
  };
  if (!letters.some(settlementOf)) return letters;
  return letters.map((letter) => {
    const found = settlementOf(letter);
    return found
      ? { ...letter, state: found.state, resolvedAt: time, resolvedBy: found.by ?? actor, resolution: found.resolution }
      : letter;
  });
};

/** By what any flow records when an operator acts. */
export const settledByHand = (event: StepRetried | Acted): Settlement => {
  const { by, reason } = event.data;
  switch (event.type) {
    case 'StepRetried':
      return { state: 'redriven', by, resolution: reason, origins: ['step'], step: event.data.step };
    case 'CompensationRetried':
      return { state: 'redriven', by, resolution: reason, origins: ['compensation'] };
    case 'CompensationRequested':
      return { state: 'discarded', by, resolution: `given up: ${reason}` };
  }
};
interface Acted {
  readonly type: 'CompensationRetried' | 'CompensationRequested';
  readonly data: { readonly by: string; readonly reason: string };
}

const concerns = (settlement: Settlement, letter: DeadLetter): boolean =>
  letter.state === 'open' &&
  (settlement.deadLetterId === undefined || settlement.deadLetterId === letter.deadLetterId) &&
  (settlement.origins === undefined || settlement.origins.includes(letter.origin)) &&
  (settlement.step === undefined || settlement.step === letter.payload['step']);

/** What all letters of an object say. */
export type LetterOf = Pick<DeadLetter, 'flow' | 'objectId' | 'orderNumber' | 'partnerId'>;
type Object = { readonly waiting?: Waiting<string> };

/** A letter that is opened by an event, but for what became undone. */
export const letterOpened = (
  of: LetterOf,
  { stream, metadata }: RecordedEvent,
): LetterOf & Pick<DeadLetter, 'stream' | 'failedAt'> & { readonly state: 'open' } => ({
  ...of,
  stream,
  failedAt: metadata.time,
  state: 'open',
});

/** Since when it had waited for that; now, if it had not. */
export const since = ({ waiting }: Object, waitedFor: string, { metadata }: RecordedEvent): string =>
  waiting?.for === waitedFor ? waiting.since : metadata.time;

/** Of a handler that threw for the last time. */
export const stepLetter = (
  of: LetterOf,
  before: Object,
  { data }: StepFaulted,
  event: RecordedEvent,
  payload: JsonObject,
): DeadLetter | undefined => {
  if (data.nextAt !== undefined) return undefined;
  const { step, error: reason, attempt: attempts } = data;
  return {
    ...letterOpened(of, event),
    deadLetterId: `step-${of.objectId}-${event.revision}`,
    origin: 'step',
    step,
    reason,
    attempts,
    cause: causeOf({ reason }),
    firstFailedAt: since(before, 'retry', event),
    payload: { step, ...payload },
  };
};

/** Of what could not be undone. @param waitedFor what it had waited for until then */
export const compensationLetter = (
  of: LetterOf,
  before: Object,
  { data: { step, reason } }: { readonly data: { readonly step: string; readonly reason: string } },
  event: RecordedEvent,
  { attempts, waitedFor, payload }: { readonly attempts: number; readonly waitedFor: string; readonly payload: JsonObject },
): DeadLetter => ({
  ...letterOpened(of, event),
  deadLetterId: `compensation-${of.objectId}-${event.revision}`,
  origin: 'compensation',
  step,
  reason,
  attempts,
  cause: causeOf({ reason }),
  firstFailedAt: since(before, waitedFor, event),
  payload: { step, ...payload },
});

/** One document per dead letter, written when it is opened or settled. */
export const lettersInto =
  (collection: string) =>
  (before: { readonly deadLetters: readonly DeadLetter[] } | undefined, after: { readonly deadLetters: readonly DeadLetter[] }) =>
    before?.deadLetters === after.deadLetters
      ? NONE
      : after.deadLetters
          .filter((letter) => !before?.deadLetters.includes(letter))
          .map((letter) => ({ collection, id: letter.deadLetterId, body: letter }));
const NONE: readonly Derived[] = [];
