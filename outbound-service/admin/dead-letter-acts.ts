import { ConflictError, HubError } from '@sagahub/contracts/errors.ts';
import type { LetterAct } from '@sagahub/contracts/dead-letter-rules.ts';
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
  letter: DeadLetter,
  act: LetterAct,
  said: Said,
  context: Partial<ActContext> = {},
): Promise<readonly RecordedEvent[]> => {
  const { flow } = await runtime.load(letter.stream);
  if (!flow.deadLetters) throw new ConflictError('HUB_DEAD_LETTER_RESOLVED', `skipped: nothing of ${flow.name} can be tried again`);
  const command = flow.deadLetters.command(letter, act);
  return (await runtime.execute(letter.stream, { ...command, ...said }, { actor: said.by, ...context })).events;
};

export interface Redriven {
  readonly deadLetterId: string;
  readonly orderNumber?: string;
  readonly result: 'redriven' | 'skipped';
  /** Of `skipped`. */
  readonly why?: string;
}

/** Objects acted on at once by a bulk redrive. */
const AT_ONCE = 16;

/** Each on its own: one that cannot be redriven any more does not keep the others. In the order given. */
export const redriveAll = async (
  runtime: SagaRuntime,
  letters: readonly DeadLetter[],
  said: Said,
  context: Partial<ActContext> = {},
): Promise<readonly Redriven[]> => {
  const results: Redriven[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < letters.length; index = next++)
      results[index] = await redriveOne(runtime, letters[index]!, said, context);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
};

const redriveOne = async (runtime: SagaRuntime, letter: DeadLetter, said: Said, context: Partial<ActContext>): Promise<Redriven> => {
  const { deadLetterId, orderNumber } = letter;
  const named = { deadLetterId, ...(orderNumber !== undefined && { orderNumber }) };
  if (letter.state !== 'open') return { ...named, result: 'skipped', why: `it is ${letter.state} already` };
  try {
    await actOn(runtime, letter, 'redrive', said, context);
    return { ...named, result: 'redriven' };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ...named, result: 'skipped', why: error.message.replace(/^skipped: /, '') };
  }
};
