/** Rows of open work that flows with an external effect have in common. */
import { NEVER, OPERATOR_QUEUE, type PendingStep } from '@sagahub/contracts/saga.ts';
import type { EffectStep } from './effect.ts';
import type { Cancellation } from './undoing.ts';

export const outboundQueue = (connector: string): string => `outbound.${connector}`;

export const submitRow = (step: string, { connector, attempt }: EffectStep, nextAtMs: number, sinceMs: number): PendingStep => ({
  step,
  queue: outboundQueue(connector),
  attempt,
  dueAtMs: nextAtMs,
  sinceMs,
});

export const cancelRow = (
  step: string,
  { connector, cancelAttempt }: EffectStep,
  { nextAtMs, requestedAtMs }: Cancellation,
): PendingStep => ({ step, queue: outboundQueue(connector), attempt: cancelAttempt, dueAtMs: nextAtMs, sinceMs: requestedAtMs });

/** A step of its own name: a row that is there already would keep its far due time when the work goes on. */
export const operatorRow = (step: string, attempt: number, sinceMs: number): PendingStep => ({
  step: `operator:${step}`,
  queue: OPERATOR_QUEUE,
  attempt,
  dueAtMs: NEVER,
  sinceMs,
});
