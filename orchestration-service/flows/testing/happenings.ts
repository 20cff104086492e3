import fc from 'fast-check';
import type { World } from './world.ts';

/** One thing that may happen to an object: a method of its world with its arguments, so that a counterexample can be read. */
export type HappeningIn<In> = {
  readonly [Method in keyof In]: In[Method] extends (...args: infer Args) => void ? [Method, ...Args] : never;
}[keyof In];

export const happen = <In extends World<any, any, any>>(world: In, [method, ...args]: HappeningIn<In>): void =>
  (world[method] as (...args: unknown[]) => void).apply(world, args);

/** Whose `commands` an operator or a partner may give, and whose clocks may run out, beside all that happens to every flow. */
export interface HappeningOptions<In> {
  readonly commands: readonly unknown[];
  readonly clocks: readonly string[];
  readonly passesMs: readonly number[];
  readonly others: fc.WeightedArbitrary<HappeningIn<In>>[];
}

export const happeningsOf = <In>({ commands, clocks, passesMs, others }: HappeningOptions<In>): fc.Arbitrary<HappeningIn<In>> => {
  type Any = fc.WeightedArbitrary<HappeningIn<In>>;
  const of = (weight: number, arbitrary: fc.Arbitrary<unknown>): Any => ({ weight, arbitrary: arbitrary as Any['arbitrary'] });
  return fc.oneof(
    of(4, fc.constant(['decide', 'advance'])),
    of(1, fc.constant(['decide', 'advance', true])),
    of(1, fc.tuple(fc.constant('decide'), fc.constantFrom(...clocks))),
    of(2, fc.tuple(fc.constant('command'), fc.constantFrom(...commands))),
    of(1, fc.tuple(fc.constant('deliver'), fc.boolean())),
    of(1, fc.constant(['commitSlowly'])),
    of(1, fc.tuple(fc.constant('pass'), fc.constantFrom(...passesMs))),
    ...others,
  );
};
