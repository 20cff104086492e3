/**
 * Loaded with `--import` before a process of the hub: its clock is set by whoever started it, as an operator or a bad time server would, while
 * its timers go on as they were.
 */
const RealDate = Date;
let aheadMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...given: []) {
    if (given.length === 0) super(RealDate.now() + aheadMs);
    else super(...given);
  }
  static override now(): number {
    return RealDate.now() + aheadMs;
  }
} as DateConstructor;

/** A message from the parent: from now on the clock is so far ahead of the machine's. */
export interface ClockSet {
  readonly aheadMs: number;
}

process.on('message', (message: ClockSet) => {
  aheadMs = message.aheadMs;
});
// Nothing is to be kept alive by this.
process.channel?.unref();
