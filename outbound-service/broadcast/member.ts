import { topicMatches } from './topic.ts';

/** How long a consumer may have an event in hand: RabbitMQ takes it away after 30 minutes. */
const IN_HAND_MS = 30 * 60_000;
const MARK_EVERY_MS = 60_000;
const SAMPLES = 1_000;

/**
 * One consumer, as the process knows it that leads.
 *
 * | mode | what it gets, and how | then |
 * |---|---|---|
 * | behind | what the log has behind its position, straight into its queue, while there is room | live, once nothing is left |
 * | live | what is published to all | behind, when its queue is full or gone, or it is recovered from an earlier position |
 */
export class Member {
  readonly name: string;
  readonly patterns: readonly string[];
  mode: 'behind' | 'live' = 'behind';
  /** Everything up to it was given to its queue. */
  position: bigint;
  /** Changes whenever the position was set anew: what was under way then counts no more. */
  round = 0;
  /** Why it gets nothing at the moment. */
  failure: string | undefined;
  /** At the last look; `undefined`: not looked yet, or no answer. */
  waiting: number | undefined;
  /** Events put into its queue by this process. */
  #sent = 0;
  /** How many were sent by when; those before the first one are settled. */
  #samples: { readonly sent: number; readonly atMs: number }[];
  /** When its queue was empty, and how far it had got by then. */
  #empty: { readonly atMs: number; readonly position: bigint }[] = [];
  #safe: bigint;

  /** @param safe what was given to its queue up to here is settled */
  constructor(name: string, patterns: readonly string[], position: bigint, safe: bigint, nowMs: number) {
    this.name = name;
    this.patterns = patterns;
    this.position = position;
    this.#safe = safe;
    this.#samples = [{ sent: 0, atMs: nowMs }];
  }

  wants(type: string): boolean {
    return this.patterns.some((pattern) => topicMatches(pattern, type));
  }

  goBack(position: bigint): void {
    this.mode = 'behind';
    this.position = position;
    this.round += 1;
    if (position < this.#safe) this.#safe = position;
    this.#empty = [];
  }

  sent(count: number): void {
    this.#sent += count;
  }

  /** Position up to which nothing can be lost with its queue: what it had in hand then was settled, or taken from it, meanwhile. */
  get safe(): bigint {
    return this.#safe;
  }

  /** @param retrying those that come again later */
  look(waiting: number, retrying: number, nowMs: number): void {
    this.waiting = waiting;
    if (this.#samples.at(-1)?.sent !== this.#sent) this.#samples.push({ sent: this.#sent, atMs: nowMs });
    const settled = this.#sent - waiting;
    while ((this.#samples[1]?.sent ?? Infinity) <= settled) this.#samples.shift();
    if (this.#samples.length > SAMPLES) this.#samples = this.#samples.filter((_sample, index) => index % 2 === 0);
    if (waiting + retrying > 0) return;
    const due = this.#empty.findLastIndex(({ atMs }) => atMs <= nowMs - IN_HAND_MS);
    if (due >= 0) {
      this.#safe = this.#empty[due]!.position;
      this.#empty.splice(0, due + 1);
    }
    if (nowMs - (this.#empty.at(-1)?.atMs ?? -Infinity) >= MARK_EVERY_MS) this.#empty.push({ atMs: nowMs, position: this.position });
  }

  /** For how long the oldest event in its queue has been there, to within a look; what an earlier process put there counts from its end. */
  oldestAgeMs(nowMs: number): number {
    return (this.waiting ?? 0) === 0 ? 0 : nowMs - this.#samples[0]!.atMs;
  }
}
