import { HubError } from '@sagahub/contracts/errors.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { ActContext, SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Command } from '@sagahub/contracts/saga.ts';

export type LetterAct = 'redrive' | 'discard';

/**
 * | origin         | redrive                               | discard                                                      |
 * |----------------|---------------------------------------|--------------------------------------------------------------|
 * | `erp`          | a new round of attempts               | the order is undone and ends rejected                        |
 * | `step`         | the step is handled again             | the same                                                     |
 * | `compensation` | a new round for what is not undone    | what could not be undone stays; the order ends as `partial`  |
 * | `surplus`      | the surplus is cancelled over there   | the same: the completed order stands                         |
 *
 * The letter may be older than its object: whether the act is still possible, the stream decides.
 * @throws ConflictError the object has moved on
 */
export const actOn = async (
  runtime: SagaRuntime,
  letter: DeadLetter,
  act: LetterAct,
  by: string,
  reason: string,
  context: Partial<ActContext> = {},
): Promise<void> => {
  await runtime.execute(letter.stream, { ...commandFor(letter, act), by, reason }, { actor: by, ...context });
};

const commandFor = ({ origin, deadLetterId, payload }: DeadLetter, act: LetterAct): Command => {
  switch (origin) {
    case 'erp':
      return { type: act === 'redrive' ? 'Redrive' : 'Compensate', deadLetterId };
    case 'step':
      return act === 'redrive' ? { type: 'RetryStep', step: payload['step'] } : { type: 'Compensate' };
    case 'compensation':
      return { type: act === 'redrive' ? 'RetryCompensation' : 'Abandon' };
    case 'surplus':
      return { type: 'Compensate' };
  }
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
  by: string,
  reason: string,
  context: Partial<ActContext> = {},
): Promise<readonly Redriven[]> => {
  const results: Redriven[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < letters.length; index = next++)
      results[index] = await redriveOne(runtime, letters[index]!, by, reason, context);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
};

const redriveOne = async (
  runtime: SagaRuntime,
  letter: DeadLetter,
  by: string,
  reason: string,
  context: Partial<ActContext>,
): Promise<Redriven> => {
  const { deadLetterId, orderNumber } = letter;
  const named = { deadLetterId, ...(orderNumber !== undefined && { orderNumber }) };
  if (letter.state !== 'open') return { ...named, result: 'skipped', why: `it is ${letter.state} already` };
  try {
    await actOn(runtime, letter, 'redrive', by, reason, context);
    return { ...named, result: 'redriven' };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ...named, result: 'skipped', why: error.message.replace(/^skipped: /, '') };
  }
};
