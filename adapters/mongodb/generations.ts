import type { Generation } from '@sagahub/contracts/ports/document-store.ts';
import type { Collection } from 'mongodb';

/** Which generation of what is live, and what is being rebuilt: one document, replaced as a whole if nobody has replaced it since. */
export interface Generations {
  /** The highest number ever given out. */
  readonly last: number;
  /** By collection. */
  readonly live: Readonly<Record<string, number>>;
  /** Generation of the live checkpoint by projection; {@link FIRST} when it was never rebuilt. */
  readonly projections: Readonly<Record<string, number>>;
  /** By projection. */
  readonly rebuilds: Readonly<Record<string, { readonly generation: number; readonly collections: readonly string[] }>>;
  /** What a promotion has replaced and nobody has removed yet. */
  readonly retired: readonly Retired[];
}
export interface Retired {
  readonly projection: string;
  readonly generation: number;
  readonly collections: readonly { readonly name: string; readonly generation: number }[];
}
export interface GenerationsForm {
  readonly _id: string;
  readonly version: number;
  /** {@link Generations} as JSON. */
  readonly state: string;
}

export const FIRST = 1;
const ID = 'generations';
const DUPLICATE_KEY = 11_000;

/** The pointer document, and what this process knows of it. */
export class GenerationsPointer {
  readonly #documents: Collection<GenerationsForm>;
  #known: { readonly version: number; readonly state: Generations } = { version: -1, state: nothing([]) };

  constructor(documents: Collection<GenerationsForm>) {
    this.#documents = documents;
  }

  /** As last read; promotions by other processes show at the next {@link refresh}. */
  get known(): Generations {
    return this.#known.state;
  }

  async exists(): Promise<boolean> {
    return (await this.#documents.findOne({ _id: ID })) !== null;
  }

  async create(collections: readonly string[]): Promise<void> {
    try {
      await this.#documents.insertOne({ _id: ID, version: 0, state: JSON.stringify(nothing(collections)) });
    } catch (error) {
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error;
    }
  }

  async refresh(): Promise<Generations> {
    const found = await this.#documents.findOne({ _id: ID });
    if (!found) throw new RangeError('the document that names the generations was removed');
    if (found.version !== this.#known.version) this.#known = { version: found.version, state: JSON.parse(found.state) as Generations };
    return this.#known.state;
  }

  /** Decides again on the newer state when somebody else was faster. @param decide undefined = nothing is to change */
  async change<T>(
    decide: (state: Generations) => readonly [next: Generations | undefined, result: T] | Promise<readonly [Generations | undefined, T]>,
  ): Promise<T> {
    for (;;) {
      const state = await this.refresh();
      const { version } = this.#known;
      const [next, result] = await decide(state);
      if (!next) return result;
      const { matchedCount } = await this.#documents.updateOne(
        { _id: ID, version },
        { $set: { version: version + 1, state: JSON.stringify(next) } },
      );
      if (matchedCount === 0) continue;
      this.#known = { version: version + 1, state: next };
      return result;
    }
  }
}

const nothing = (collections: readonly string[]): Generations => ({
  last: FIRST,
  live: Object.fromEntries(collections.map((name) => [name, FIRST])),
  projections: {},
  rebuilds: {},
  retired: [],
});

export const nameOfGeneration = (generation: number): Generation => String(generation) as Generation;
