import { FIRST, type Generations, notRebuilding, type Retired } from './generations.ts';
import { type Made, without } from './made.ts';

/** Name of a collection of a generation in the database. */
type NameOf = (collection: string, generation: number) => string;

/** What becomes of the generations as a projection is rebuilt. Pure: decided again on the newer state when another process was faster. */
export const begun = (state: Generations, projection: string, collections: readonly string[], made: Made): Generations => {
  const generation = state.last + 1;
  return {
    ...state,
    last: generation,
    rebuilds: { ...state.rebuilds, [projection]: { generation, collections } },
    made: { ...state.made, ...made },
  };
};

/** @throws RangeError it is not the one that is being rebuilt */
export const promoted = (state: Generations, projection: string, generation: number, nameOf: NameOf): readonly [Generations, Retired] => {
  const { [projection]: rebuild, ...rebuilds } = state.rebuilds;
  if (rebuild?.generation !== generation) throw notRebuilding(projection, String(generation));
  const replaced: Retired = {
    projection,
    generation: state.projections[projection] ?? FIRST,
    collections: rebuild.collections.map((name) => ({ name, generation: state.live[name] ?? FIRST })),
  };
  const next: Generations = {
    ...state,
    live: { ...state.live, ...Object.fromEntries(rebuild.collections.map((name) => [name, generation])) },
    projections: { ...state.projections, [projection]: generation },
    rebuilds,
    retired: [...state.retired, replaced],
    made: without(
      state.made,
      replaced.collections.map((one) => nameOf(one.name, one.generation)),
    ),
  };
  return [next, replaced];
};

/** @returns with the collections that are to go; none when it was not being rebuilt */
export const dropped = (
  state: Generations,
  projection: string,
  generation: number,
  nameOf: NameOf,
): readonly [next: Generations | undefined, collections: readonly string[]] => {
  const { [projection]: rebuild, ...rebuilds } = state.rebuilds;
  if (rebuild?.generation !== generation) return [undefined, []];
  const made = without(
    state.made,
    rebuild.collections.map((name) => nameOf(name, generation)),
  );
  return [{ ...state, rebuilds, made }, rebuild.collections];
};
