/**
 * What is known of an object at a third party that is submitted there, may be in doubt, and can be taken back. Flows keep it in their
 * state and name the events; how attempts, doubts and effects follow from them is the same for all.
 */
export interface EffectStep {
  readonly connector: string;
  /** The submission that is due or under way. */
  readonly attempt: number;
  /** Highest submission whose outcome is recorded; 0 = none. */
  readonly answered: number;
  /** A submission that may have been carried out. */
  readonly doubt: Doubt | undefined;
  readonly effects: readonly Effect[];
  /** Proven that nothing else can come of the submissions: refused without a doubt, cancelled, or looked up after settling. */
  readonly settled: boolean;
  /** The cancellation that is due or under way, or the last that was; 0 = none. */
  readonly cancelAttempt: number;
}

export interface Doubt {
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
}

/** One that the third party made, under its own reference. */
export interface Effect {
  readonly reference: string;
  /** Is there an event that says it was made? */
  readonly reported: boolean;
  readonly live: boolean;
}

export const firstSubmission = (connector: string): EffectStep => ({
  connector,
  attempt: 1,
  answered: 0,
  doubt: undefined,
  effects: [],
  settled: false,
  cancelAttempt: 0,
});

/** From here on the attempt may have been carried out. Whoever starts one has proof that none before it was. */
export const attemptStarted = <Step extends EffectStep>(step: Step, attempt: number, nowMs: number): Step =>
  attempt <= step.answered ? step : { ...step, attempt: Math.max(step.attempt, attempt), doubt: { attempt, startedAtMs: nowMs } };

/** The same step when the attempt has an outcome already. */
export const attemptFailed = <Step extends EffectStep>(
  step: Step,
  { attempt, certainty }: { readonly attempt: number; readonly certainty: 'not-done' | 'unknown' },
  nowMs: number,
): Step => {
  if (attempt <= step.answered) return step;
  return { ...attemptAnswered(step, attempt, certainty === 'unknown' ? nowMs : undefined), attempt: attempt + 1 };
};

/** An attempt's outcome. Its own doubt goes with it; a doubt about another attempt stays. */
export const attemptAnswered = <Step extends EffectStep>(step: Step, attempt: number, unknownSinceMs?: number): Step => {
  const own = step.doubt?.attempt === attempt ? step.doubt : undefined;
  const doubt =
    unknownSinceMs === undefined
      ? own
        ? undefined
        : step.doubt
      : { attempt, startedAtMs: own?.startedAtMs ?? unknownSinceMs, endedAtMs: unknownSinceMs };
  return { ...step, answered: Math.max(step.answered, attempt), doubt };
};

/** An operator had it tried again. */
export const anotherRound = <Step extends EffectStep>(step: Step): Step => ({ ...step, attempt: step.answered + 1 });

/** The third party made it, whether or not that is still wanted. One that was taken back before it was told stays so. */
export const effectMade = <Step extends EffectStep>(step: Step, reference: string, attempt: number): Step => ({
  ...step,
  effects: withEffect(step.effects, { reference, reported: true, live: effectOf(step, reference)?.live ?? true }),
  answered: Math.max(step.answered, attempt),
  doubt: undefined,
});

export const withEffect = (effects: readonly Effect[], effect: Effect): readonly Effect[] => [
  ...effects.filter(({ reference }) => reference !== effect.reference),
  effect,
];

export const effectOf = ({ effects }: EffectStep, reference: string): Effect | undefined =>
  effects.find((effect) => effect.reference === reference);

/** Live there and not wanted. @param kept the one that is */
export const unwantedEffect = ({ effects }: EffectStep, kept: string | undefined): Effect | undefined =>
  effects.find(({ live, reference }) => live && reference !== kept);

/** Nothing is left at the third party but what is kept, or can still come there. */
export const isUndone = (step: EffectStep, kept: string | undefined): boolean =>
  (step.settled || kept !== undefined) && unwantedEffect(step, kept) === undefined;
