/** What holds for every flow, whatever happens to its objects and in whatever order. */
import assert from 'node:assert/strict';
import { type Command, OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import fc from 'fast-check';
import type { AnyEvent, Spec } from './spec.ts';
import type { World } from './world.ts';

/** A flow and its examples, as far as a reader of any of its logs needs them. */
export interface Readable<State, Event extends AnyEvent, Commands extends Command> {
  readonly spec: Spec<State, Event, Commands>;
  readonly received: Event;
  /** At least one of each type, and of attempts and references several. */
  readonly events: readonly Event[];
  readonly isOver: (state: State) => boolean;
  /** What an operator asks for where only an operator can move it on. */
  readonly retry: Commands;
}

/** Nothing waits silently: what is not over has rows, and what only an operator can move on does move by a command. */
export const assertWayOn = <State, Event extends AnyEvent, Commands extends Command>(
  { spec, isOver, retry }: Readable<State, Event, Commands>,
  state: State,
  nowMs: number,
): void => {
  const { flow } = spec;
  const rows = flow.pending(state);
  assert.equal(rows.length === 0, isOver(state), `${flow.stateName(state)} has ${rows.length} rows`);
  assert.equal(new Set(rows.map((row) => row.step)).size, rows.length, 'two rows of one step');
  if (!rows.some(({ queue }) => queue === OPERATOR_QUEUE)) return;
  const moved = spec.fold(flow.command(state, retry, nowMs) as unknown as readonly Event[], state);
  assert.ok(!flow.pending(moved).some(({ queue }) => queue === OPERATOR_QUEUE), `${flow.stateName(state)}: ${retry.type} moves nothing`);
};

/** Every reader survives every log: events twice, late, missing, out of order, or of no sense at all. */
export const readsAnyLog = <State, Event extends AnyEvent, Commands extends Command>(flow: Readable<State, Event, Commands>): void => {
  const { spec, received, events } = flow;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), (past) => assertReadable(flow, spec.fold([received, ...past]))),
    { numRuns: 2_000 },
  );
};

const assertReadable = <State, Event extends AnyEvent, Commands extends Command>(
  flow: Readable<State, Event, Commands>,
  state: State,
): void => {
  const { spec } = flow;
  const { nowMs, steps } = spec.options;
  assertWayOn(flow, state, nowMs);
  for (const step of Object.values(steps)) spec.flow.externalCall(state, step);
  for (const { step } of spec.flow.pending(state)) spec.decideAll(state, { step, nowMs }, () => undefined);
};

/** A real log, damaged: a few of its events missing, told twice or moved. */
export const survivesDamage = <State, Event extends AnyEvent, Commands extends Command, In extends World<State, Event, Commands>>(
  flow: Readable<State, Event, Commands>,
  histories: fc.Arbitrary<In>,
): void => {
  const damage = fc.array(fc.record({ at: fc.nat(), how: fc.constantFrom('missing', 'twice', 'late'), by: fc.nat(8) }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(histories, damage, ({ log }, damages) => {
      const damaged = log.slice(1);
      for (const { at, how, by } of damages) {
        const place = damaged.length === 0 ? 0 : at % damaged.length;
        const [event] = how === 'twice' ? damaged.slice(place, place + 1) : damaged.splice(place, 1);
        if (event && how !== 'missing') damaged.splice(place + by, 0, event);
      }
      assertReadable(flow, flow.spec.fold([log[0]!, ...damaged]));
    }),
    { numRuns: 1_000 },
  );
};
