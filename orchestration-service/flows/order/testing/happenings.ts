import fc from 'fast-check';
import type { OrderCommand } from '../commands.ts';
import { HOUR_MS, MINUTE_MS } from './examples.ts';
import { CANCEL_FATES, SUBMIT_FATES, type World } from './world.ts';

const by = 'op';
const reason = 'r';
const commands: readonly OrderCommand[] = [
  { type: 'Cancel', by },
  { type: 'Compensate', by, reason },
  { type: 'RetryCompensation', by, reason },
  { type: 'Abandon', by, reason },
  { type: 'Retry', by, reason },
  { type: 'SkipStep', by, reason, step: 'discount' },
  { type: 'Resubmit', by, newOrderId: 'order-2', fingerprint: 'f' },
  ...[1, 2, 3, 4].map((attempt) => ({ type: 'Redrive', by, reason, deadLetterId: `dead-${attempt}` }) as const),
];

/** One thing that may happen to an order: a method of the world with its arguments, so that a counterexample can be read. */
export type Happening = {
  readonly [Method in keyof World]: World[Method] extends (...args: infer Args) => void ? [Method, ...Args] : never;
}[keyof World];
export const happen = (world: World, [method, ...args]: Happening): void =>
  (world[method] as (...args: unknown[]) => void).apply(world, args);

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Happening>(['decide', 'advance']) },
  fc.constant<Happening>(['decide', 'advance', true]),
  fc.constantFrom<Happening[]>(['decide', 'erp-overdue'], ['decide', 'erp-deadline']),
  { weight: 4, arbitrary: fc.tuple(fc.constant('submit'), fc.constantFrom(...SUBMIT_FATES), fc.boolean()) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('cancel'), fc.constantFrom(...CANCEL_FATES)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('command'), fc.constantFrom(...commands)) },
  fc.tuple(fc.constant('deliver'), fc.boolean()),
  fc.constant<Happening>(['commitSlowly']),
  fc.tuple(fc.constant('pass'), fc.constantFrom(1_000, 10 * MINUTE_MS, 80 * HOUR_MS)),
);
