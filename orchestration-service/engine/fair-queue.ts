/** A task of a lane, such as a partner; `run` never rejects. `skip` is called instead when the queue is drained first. */
export interface FairTask {
  readonly lane: string;
  readonly run: () => Promise<void>;
  readonly skip: () => void;
}

/** First in, first out, in constant time however long it grows. */
class Line {
  #tasks: FairTask[] = [];
  #head = 0;

  get length(): number {
    return this.#tasks.length - this.#head;
  }

  push(task: FairTask): void {
    this.#tasks.push(task);
  }

  shift(): FairTask | undefined {
    const task = this.#tasks[this.#head++];
    if (this.#head > 1_000 && this.#head * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head);
      this.#head = 0;
    }
    return task;
  }
}

/**
 * Runs tasks of many lanes on few workers: the next one is always taken from the lane whose turn it is, and no lane has more than
 * `perLane` running. A partner that floods the hub delays only itself.
 */
export class FairQueue {
  readonly #waiting = new Map<string, Line>();
  readonly #running = new Map<string, number>();
  readonly #concurrency: number;
  readonly #perLane: (lane: string) => number;
  #active = 0;
  #waitingInAll = 0;
  #idle: (() => void) | undefined;

  constructor({ concurrency, perLane }: { readonly concurrency: number; readonly perLane: number | ((lane: string) => number) }) {
    this.#concurrency = concurrency;
    this.#perLane = typeof perLane === 'number' ? () => perLane : perLane;
  }

  /** Tasks that wait, of all lanes. */
  get waiting(): number {
    return this.#waitingInAll;
  }

  /** Tasks of a lane that wait. */
  waitingIn(lane: string): number {
    return this.#waiting.get(lane)?.length ?? 0;
  }

  push(task: FairTask): void {
    const line = this.#waiting.get(task.lane) ?? new Line();
    line.push(task);
    this.#waiting.set(task.lane, line);
    this.#waitingInAll++;
    this.#fill();
  }

  /** Skips what waits and resolves when what runs has finished. */
  async drain(): Promise<void> {
    for (const line of this.#waiting.values()) for (let task = line.shift(); task; task = line.shift()) task.skip();
    this.#waiting.clear();
    this.#waitingInAll = 0;
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #fill(): void {
    while (this.#active < this.#concurrency) {
      const task = this.#take();
      if (!task) return;
      this.#start(task);
    }
  }

  /** The oldest task of the first lane in turn that may run one more; that lane goes to the end of the round. */
  #take(): FairTask | undefined {
    for (const [lane, line] of this.#waiting) {
      if ((this.#running.get(lane) ?? 0) >= this.#perLane(lane)) continue;
      const task = line.shift();
      this.#waiting.delete(lane);
      if (line.length > 0) this.#waiting.set(lane, line);
      this.#waitingInAll--;
      return task;
    }
    return undefined;
  }

  #start(task: FairTask): void {
    this.#active++;
    this.#running.set(task.lane, (this.#running.get(task.lane) ?? 0) + 1);
    void task.run().finally(() => {
      this.#active--;
      const left = (this.#running.get(task.lane) ?? 1) - 1;
      if (left > 0) this.#running.set(task.lane, left);
      else this.#running.delete(task.lane);
      this.#fill();
      if (this.#active === 0) this.#idle?.();
    });
  }
}
