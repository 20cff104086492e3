import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { LetterAct, LetterRef } from '@sagahub/contracts/dead-letter-rules.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { ActContext, SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';

/** Who acts, and why. */
export interface Said {
  readonly by: string;
  readonly reason: string;
  /** The job it belongs to. */
  readonly redriveId?: string;
}

/**
 * Acts on a dead letter by the rules of its flow. The letter may be older than its object: whether the act is still possible, the stream
 * decides.
 * @returns the events recorded; none: it was so already
 * @throws ConflictError the object has moved on
 */
export const actOn = async (
  runtime: SagaRuntime,
  letter: LetterRef & Pick<DeadLetter, 'stream'>,
  act: LetterAct,
  said: Said,
  context: Partial<ActContext> = {},
): Promise<readonly RecordedEvent[]> => {
  const { flow } = await runtime.load(letter.stream);
  if (!flow.deadLetters) throw new ConflictError('HUB_DEAD_LETTER_RESOLVED', `skipped: nothing of ${flow.name} can be tried again`);
  const command = flow.deadLetters.command(letter, act);
  return (await runtime.execute(letter.stream, { ...command, ...said }, { actor: said.by, ...context })).events;
};
