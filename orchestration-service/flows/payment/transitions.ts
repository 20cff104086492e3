/** Moves that more than one event makes. */
import { cancellationRetried, referenceLearned, type Undoing } from '../effect/undoing.ts';
import type { Approved, Ended, Ending, Halted, Known, PaymentAtProcessor, PaymentFacts, ProcessorStep, Reversing } from './state.ts';

/** Replaces what is known of the processor, in whatever status. */
export const withProcessor = <State extends Known>(state: State, processor: ProcessorStep): State => ({
  ...state,
  payment: { ...state.payment, processor },
});

export const reversing = (payment: PaymentFacts, end: Ending, isTold: boolean, nowMs: number): Reversing => ({
  status: 'reversing',
  payment,
  end,
  isTold,
  sinceMs: nowMs,
  cancellation: undefined,
});

/** Moves the processor's part of a reversal on. */
export const atProcessor = <State extends Reversing | Halted>(
  state: State,
  move: (undoing: Undoing<ProcessorStep>) => Undoing<ProcessorStep>,
): State => {
  const { processor } = state.payment;
  if (!processor) return state;
  const { effect, cancellation } = move({ effect: processor, cancellation: state.cancellation });
  return { ...withProcessor(state, effect), cancellation };
};

/** A halted reversal goes on with a new round of attempts. */
export const resumed = (state: Halted, nowMs: number): Reversing =>
  atProcessor({ ...state, status: 'reversing', sinceMs: nowMs } as const, (undoing) => cancellationRetried(undoing, nowMs));

/** An effect to take back came to light, whether or not it is approved yet. */
export const foundThere = (state: Reversing | Halted, reference: string, nowMs: number): Reversing =>
  atProcessor(state.status === 'halted' ? resumed(state, nowMs) : state, (undoing) => referenceLearned(undoing, reference, nowMs));

/** Where a reversal comes to. */
export const endingOf = ({ payment, end }: Reversing): Ended | Approved =>
  end.kind === 'approved'
    ? { status: 'approved', payment: payment as PaymentAtProcessor, processorRef: end.processorRef }
    : { status: 'ended', payment, end };
