/** How what is taken back at a third party follows its cancellation. */
import { type EffectStep, effectOf, unwantedEffect, withEffect } from './effect.ts';

/** Open from when it was requested until the third party holds nothing of the object any more. */
export interface Cancellation {
  /** Absent: to be looked up first. */
  readonly reference?: string;
  readonly firstOfRound: number;
  readonly requestedAtMs: number;
  readonly nextAtMs: number;
}

export interface Undoing<Step extends EffectStep> {
  readonly effect: Step;
  readonly cancellation: Cancellation | undefined;
}

export const cancellationOpened = <Step extends EffectStep>(step: Step, reference: string | undefined, nowMs: number): Undoing<Step> => {
  const cancelAttempt = step.cancelAttempt + 1;
  return {
    effect: { ...step, cancelAttempt },
    cancellation: { ...(reference !== undefined && { reference }), firstOfRound: cancelAttempt, requestedAtMs: nowMs, nextAtMs: nowMs },
  };
};

/** Unchanged when it is about another attempt. */
export const cancellationFailed = <Step extends EffectStep>(
  { effect, cancellation }: Undoing<Step>,
  { attempt, nextAt }: { readonly attempt: number; readonly nextAt: string },
): Undoing<Step> => {
  if (!cancellation || effect.cancelAttempt !== attempt) return { effect, cancellation };
  return { effect: { ...effect, cancelAttempt: attempt + 1 }, cancellation: { ...cancellation, nextAtMs: Date.parse(nextAt) } };
};

/** A new round of attempts. */
export const cancellationRetried = <Step extends EffectStep>({ effect, cancellation }: Undoing<Step>, nowMs: number): Undoing<Step> => {
  if (!cancellation) return { effect, cancellation };
  const cancelAttempt = effect.cancelAttempt + 1;
  return { effect: { ...effect, cancelAttempt }, cancellation: { ...cancellation, firstOfRound: cancelAttempt, nextAtMs: nowMs } };
};

/** A new attempt, so that what an older one finds or fails at (it looked for an unknown reference) no longer counts. */
export const referenceLearned = <Step extends EffectStep>(
  { effect, cancellation }: Undoing<Step>,
  reference: string,
  nowMs: number,
): Undoing<Step> => {
  if (!cancellation || cancellation.reference !== undefined) return { effect, cancellation };
  return {
    effect: { ...effect, cancelAttempt: effect.cancelAttempt + 1 },
    cancellation: { ...cancellation, reference, nextAtMs: nowMs },
  };
};

/** One effect less, or the proof that there is none. Without a reference it proves nothing about effects that are known. */
export const effectGone = <Step extends EffectStep>(step: Step, reference: string | undefined): Step =>
  reference === undefined
    ? step
    : {
        ...step,
        effects: withEffect(step.effects, { reference, reported: effectOf(step, reference)?.reported ?? false, live: false }),
      };

/** What is left of a cancellation behind {@link effectGone}: nothing, when that was the last that was not wanted, or the one it was about. */
export const cancellationAfter = <Step extends EffectStep>(
  { effect, cancellation }: Undoing<Step>,
  gone: string | undefined,
  kept: string | undefined,
): Undoing<Step> => {
  if (!unwantedEffect(effect, kept)) return { effect: { ...effect, doubt: undefined, settled: true }, cancellation: undefined };
  const wasNext = gone !== undefined && cancellation?.reference === gone;
  return { effect, cancellation: wasNext ? undefined : cancellation };
};
