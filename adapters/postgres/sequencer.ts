import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Session, Statement } from './database.ts';

/** The election that every process with an event store stands for. */
export const SEQUENCER = 'sequencer';

/**
 * Between two batches, so that they are worth their commit and what follows: every process hears of each, and every step is worked on by
 * as many at once as a batch brings. The one price is this much delay, under load; the first after a pause is placed at once.
 */
const BETWEEN_BATCHES_MS = 10;
/** What that grows to while each look finds something: at a steady rate few come within the first, and each look costs as much as many do. */
const LONGEST_BETWEEN_BATCHES_MS = 30;
const GROWTH = 1.2;
/** Between two looks while nothing comes, growing to this. Another process's append waits this long at most, unless it ends a silence. */
const LONGEST_PAUSE_MS = 25;
/** Once nothing came for so long, looks are further apart, which takes 0.03 of a processor instead of 0.05: the append that ends the silence waits for one. */
const DOZES_AFTER_MS = 2_000;
const LONGEST_DOZING_PAUSE_MS = 100;
const BATCH = 2_000;
/**
 * Ids are looked for from this far behind the newest one placed. Rows that were taken leave dead entries in the index, and a long transaction
 * elsewhere (a backup) keeps them there: a look from the beginning would read all of them, each time.
 */
const LOOK_BACK = 500n;
/** An append that was held up for longer than {@link LOOK_BACK} others is found by a look from the beginning, this often. */
const FULL_LOOK_EVERY_MS = 2_000;

const SEQUENCE: Statement = { name: 'sequence', text: 'SELECT log_position, appends, newest_id FROM place_appends($1, $2, $3)' };

/** Without a reason each abort would make one, with the stack it comes from: 4 % of what a process does that only kicks. */
const KICKED = new Error('kicked');

type SequenceRow = readonly [logPosition: string | null, appends: string | null, newestId: string | null];
const AFTER_FAILURE_MS = 100;

export interface Sequencer {
  /** There is something to place; it need not wait for its next look. */
  kick(): void;
  /** Places appends until the term is over. */
  run(term: Term): Promise<void>;
}

/** Gives appends their places in the one order of the log, in batches. Fenced: what a superseded one asks for is refused by the server. */
export const createSequencer = (session: Session, clock: Clock): Sequencer => {
  let wake = new AbortController();

  /** `undefined` when the server could not be asked: as long as the term lasts, it is asked again. */
  const sequence = async (epoch: bigint, after: bigint): Promise<SequenceRow | undefined> => {
    try {
      return (await session.rows<SequenceRow>(SEQUENCE, [epoch, after, BATCH]))[0];
    } catch (error) {
      if (error instanceof UnavailableError) return undefined;
      throw error;
    }
  };

  return {
    kick: () => wake.abort(KICKED),
    async run({ epoch, signal }: Term): Promise<void> {
      let newest = 0n;
      let fullLookAtMs = 0;
      let pauseMs = BETWEEN_BATCHES_MS;
      let gatherMs = BETWEEN_BATCHES_MS;
      let quietMs = 0;
      while (!signal.aborted) {
        wake = new AbortController();
        const nowMs = clock.now();
        const full = nowMs >= fullLookAtMs;
        if (full) fullLookAtMs = nowMs + FULL_LOOK_EVERY_MS;
        const after = full || newest < LOOK_BACK ? 0n : newest - LOOK_BACK;
        const row = await sequence(epoch, after);
        if (!row) {
          await clock.sleep(AFTER_FAILURE_MS, signal);
          continue;
        }
        const placed = Number(row[1] ?? 0);
        const newestId = BigInt(row[2] ?? 0);
        if (newestId > newest) newest = newestId;
        if (placed === BATCH) continue;
        if (placed > 0) {
          pauseMs = BETWEEN_BATCHES_MS;
          quietMs = 0;
          await clock.sleep(gatherMs, signal);
          gatherMs = Math.min(LONGEST_BETWEEN_BATCHES_MS, gatherMs * GROWTH);
        } else {
          gatherMs = BETWEEN_BATCHES_MS;
          await clock.sleep(pauseMs, AbortSignal.any([signal, wake.signal]));
          quietMs += pauseMs;
          pauseMs = Math.min(quietMs < DOZES_AFTER_MS ? LONGEST_PAUSE_MS : LONGEST_DOZING_PAUSE_MS, pauseMs * GROWTH);
        }
      }
    },
  };
};
