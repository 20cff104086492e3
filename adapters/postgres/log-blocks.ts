/** A stretch of the log, (after, upTo], and of which categories its events are. */
export interface LogBlock {
  readonly after: bigint;
  readonly upTo: bigint;
  readonly categories: readonly string[];
}

/** About a minute under load: whoever is further behind reads anyway. */
const REMEMBERED = 2_000;

/** What is known of the end of the log, so that who wants other categories need not read it. Blocks that do not join leave nothing before them. */
export class LogBlocks {
  #blocks: LogBlock[] = [];

  add(block: LogBlock): void {
    if (block.categories.length === 0) return;
    if (this.#blocks.length > 0 && this.#blocks.at(-1)?.upTo !== block.after) this.#blocks = [];
    this.#blocks.push(block);
    if (this.#blocks.length > 2 * REMEMBERED) this.#blocks = this.#blocks.slice(-REMEMBERED);
  }

  /** The last position from here on before which, for all that is known, nothing of these categories comes; `position` itself when nothing is known. */
  skip(position: bigint, categories: readonly string[]): bigint {
    let at = this.#blocks.findLastIndex(({ after }) => after <= position);
    let reached = position;
    for (; at >= 0 && at < this.#blocks.length; at += 1) {
      const block = this.#blocks[at]!;
      if (block.upTo > reached) {
        if (block.categories.some((category) => categories.includes(category))) break;
        reached = block.upTo;
      }
    }
    return reached;
  }
}

/** `<after> <up to> <categories by comma>`, as the sequencer tells listeners; no categories when there are too many to tell. */
export const blockOf = (payload: string): LogBlock => {
  const [after = '', upTo = '', categories = ''] = payload.split(' ');
  return { after: BigInt(after), upTo: BigInt(upTo), categories: categories.split(',').filter(Boolean) };
};
