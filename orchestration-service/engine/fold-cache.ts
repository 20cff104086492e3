import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { pendingSteps } from './folding.ts';

/** Folded states kept in memory; about 2 KB each. */
const DEFAULT_CAPACITY = 20_000;
/**
 * Ended ones among them. The relay drops a stream when it sees its end, moments later; a process that does not relay would fill up with
 * ended orders (outbound-service held 40 MiB of them).
 */
const DEFAULT_ENDED = 2_000;

/**
 * The folded states of streams in flight, so that a step costs no read of the log. Never trusted: every append names the revision it was
 * decided on, and whoever uses an entry reads what came after it. Least recently used entries go first.
 */
export class FoldCache {
  readonly #entries = new Map<string, Folded>();
  /** Those of them that ended, oldest first. */
  readonly #ended = new Set<string>();
  readonly #capacity: number;
  readonly #endedCapacity: number;
  readonly #onChange: (folded: Folded) => void;

  /** @param onChange told about every stream that moved on, whoever moved it */
  constructor(onChange: (folded: Folded) => void, capacity = DEFAULT_CAPACITY, endedCapacity = DEFAULT_ENDED) {
    this.#onChange = onChange;
    this.#capacity = capacity;
    this.#endedCapacity = endedCapacity;
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
    const isEnded = pendingSteps(folded).length === 0;
    if (known || !isEnded) this.#keep(folded, isEnded);
    this.#onChange(folded);
  }

  drop(stream: string): void {
    this.#entries.delete(stream);
    this.#ended.delete(stream);
  }

  #keep(folded: Folded, isEnded: boolean): void {
    const { stream } = folded;
    this.drop(stream);
    this.#entries.set(stream, folded);
    if (isEnded) this.#ended.add(stream);
    if (this.#ended.size > this.#endedCapacity) this.#dropFirst(this.#ended);
    if (this.#entries.size > this.#capacity) this.#dropFirst(this.#entries.keys());
  }

  #dropFirst(streams: Iterable<string>): void {
    const [first] = streams;
    if (first !== undefined) this.drop(first);
  }
}
