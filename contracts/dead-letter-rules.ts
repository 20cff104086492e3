import type { RecordedEvent } from './events.ts';
import type { DeadLetter } from './messages/dead-letter.ts';
import type { Command } from './saga.ts';

/** `redrive`: try it again. `discard`: give it up. */
export type LetterAct = 'redrive' | 'discard';

/** What came of a redrive: a fact, read off the object's own events. */
export type RedriveOutcome =
  | { readonly outcome: 'applied' | 'already-applied'; readonly reference?: string }
  | { readonly outcome: 'failed-again' | 'skipped'; readonly why: string };

/** What acting on a dead letter goes by: what a redrive job keeps of it. */
export type LetterRef = Pick<DeadLetter, 'deadLetterId' | 'origin' | 'step'>;

/** How objects of a flow that became dead letters are acted on. Pure. */
export interface DeadLetterRules {
  /** What `SagaRuntime.execute` is asked for, but for who asks and why. */
  command(letter: LetterRef, act: LetterAct): Command;
  /**
   * What came of a redrive; `undefined` while it is under way.
   * @param events of the object, oldest first, from the event that redrove it on
   */
  outcome(letter: LetterRef, events: readonly RecordedEvent[]): RedriveOutcome | undefined;
}
