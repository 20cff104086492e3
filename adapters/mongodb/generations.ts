import type { Made } from './made.ts';
import type { UnavailableError } from '@sagahub/contracts/errors.ts';
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
  /** Absent: made by a release that did not look. */
  readonly made?: Made;
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

/** There is no pointer, so there is nothing. */
export class NothingThereError extends Error {}

/** The pointer document, and what this process knows of it. */
export class GenerationsPointer {
  readonly #documents: Collection<GenerationsForm>;
  #known: { readonly text: string; readonly version: number; readonly state: Generations } = { text: '', version: -1, state: nothing([]) };

  constructor(documents: Collection<GenerationsForm>) {
    this.#documents = documents;
  }

  /** As last read; promotions by other processes show at the next {@link refresh}. */
  get known(): Generations {
    return this.#known.state;
  }

  async create(collections: readonly string[], made: Made): Promise<void> {
    try {
      await this.#documents.insertOne({ _id: ID, version: 0, state: JSON.stringify({ ...nothing(collections), made }) });
    } catch (error) {
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error;
    }
  }

  /** @throws NothingThereError at the very first start, or when everything was removed since */
  async refresh(): Promise<Generations> {
    const found = await this.#documents.findOne({ _id: ID });
    if (!found) throw new NothingThereError('what was there is gone, and is made anew');
    // By its text: one that was made again may have any version.
    const { version, state: text } = found;
    if (text !== this.#known.text) this.#known = { text, version, state: JSON.parse(text) as Generations };
    else if (version !== this.#known.version) this.#known = { ...this.#known, version };
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
      const text = JSON.stringify(next);
      const { matchedCount } = await this.#documents.updateOne({ _id: ID, version }, { $set: { version: version + 1, state: text } });
      if (matchedCount === 0) continue;
      this.#known = { text, version: version + 1, state: next };
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

export const notRebuilding = (projection: string, generation: string): RangeError =>
  new RangeError(`generation ${generation} of ${projection} is not being rebuilt`);

/** Also as the error that callers are told. */
export const isNothingThere = (error: unknown): boolean => (error as Partial<UnavailableError>).cause instanceof NothingThereError;
