import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { pendingSteps } from './folding.ts';

/** Folded states kept in memory; about 2 KB each. */
const DEFAULT_CAPACITY = 20_000;

/**
 * The folded states of streams in flight, so that a step costs no read of the log. Never trusted: every append names the revision it was
 * decided on, and whoever uses an entry reads what came after it. Least recently used entries go first.
 */
export class FoldCache {
  readonly #entries = new Map<string, Folded>();
  readonly #capacity: number;
  readonly #onChange: (folded: Folded) => void;

  /** @param onChange told about every stream that moved on, whoever moved it */
  constructor(onChange: (folded: Folded) => void, capacity = DEFAULT_CAPACITY) {
    this.#onChange = onChange;
    this.#capacity = capacity;
  }

  get(stream: string): Folded | undefined {
    return this.#entries.get(stream);
  }

  /**
   * Keeps the newer of what is there and what is given. An ended stream that is not there was dropped already, and is not taken back from
   * who had it in hand meanwhile: nobody would drop it again (one order in 25 stayed so).
   */
  put(folded: Folded): void {
    const known = this.#entries.get(folded.stream);
    if (known && known.revision >= folded.revision) return;
    if (known || pendingSteps(folded).length > 0) this.#keep(folded);
    this.#onChange(folded);
  }

  drop(stream: string): void {
    this.#entries.delete(stream);
  }

  #keep(folded: Folded): void {
    this.#entries.delete(folded.stream);
    this.#entries.set(folded.stream, folded);
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
