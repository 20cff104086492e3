import { HubError } from '@sagahub/contracts/errors.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { WorkOptions, Working } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Attributes } from '@sagahub/contracts/ports/telemetry.ts';
import { FairQueue } from './fair-queue.ts';
import { pendingSteps } from './folding.ts';
import { HeldHints } from './held-hints.ts';
import type { StreamRuntime } from './runtime.ts';

/** Hints held by one process; more would only wait here instead of in the broker. */
const PREFETCH = 20_000;
/** Delays between tries of a handler that throws. Five minutes in all: a bug does not heal, an operator should know soon. */
const FAULT_DELAYS_MS = [1_000, 5_000, 15_000, 45_000, 90_000, 150_000];
/** At a stop. */
const RELEASED_AT_ONCE = 1_000;
/** How long work rests when what failed was not the work but the hub (disk full, engine away, saga version missing). */
const OUTAGE_DELAY_MS = 2_000;

/**
 * Takes hints of one queue, one at a time per step of a stream, fairly over lanes, and hands over those whose time has come.
 * A hint for a step in hand is remembered and looked at afterwards: what it told may be newer than what the handler saw.
 */
export const startWorker = async (runtime: StreamRuntime, queue: string, options: WorkOptions): Promise<Working> => {
  const { bus, openWork, clock, telemetry } = runtime.ports;
  const logger = telemetry.logger.child({ queue });
  const { laneOf = ({ partnerId }) => partnerId, postpone, unsettledPerLane = Infinity } = options;
  const line = new FairQueue(options);
  const inHand = new HeldHints<{ again: boolean }>(clock);
  const stop = new AbortController();
  /** Hints that came, and are not worked on here any more. */
  let turnedAway: Hint[] = [];

  const handle = async (hint: Hint, ids: { traced?: Attributes }): Promise<void> => {
    const folded = await runtime.load(hint.stream);
    ids.traced = { correlationId: folded.correlationId, traceparent: folded.traceparent };
    const row = pendingSteps(folded).find((pending) => pending.step === hint.step && pending.queue === queue);
    if (!row) return;
    const current = row.attempt === hint.attempt ? hint : { ...hint, attempt: row.attempt };
    if (row.dueAtMs > clock.now()) await openWork.defer(current, row.dueAtMs);
    else await options.handle(current);
  };

  const attempt = async (hint: Hint): Promise<void> => {
    const ids: { traced?: Attributes } = {};
    try {
      await handle(hint, ids);
    } catch (error) {
      if (stop.signal.aborted) return void turnedAway.push(hint);
      const about = { stream: hint.stream, step: hint.step, ...ids.traced };
      try {
        if (error instanceof HubError && error.retryable) {
          logger.warn('work postponed', { ...about, code: error.code, reason: error.message });
          await openWork.defer(hint, clock.now() + OUTAGE_DELAY_MS);
        } else {
          logger.error('a step failed', about, error);
          await runtime.recordFault(hint, error, (count, nowMs) => {
            const delayMs = FAULT_DELAYS_MS[count - 1];
            return delayMs === undefined ? undefined : nowMs + delayMs;
          });
        }
      } catch (unrecorded) {
        // The lease of the row runs out and the step is tried again.
        logger.error('a failure could not be recorded', about, unrecorded);
      }
    }
  };

  const take = (hint: Hint): Promise<void> => {
    const running = inHand.get(hint);
    if (running) {
      running.again = true;
      return Promise.resolve();
    }
    if (stop.signal.aborted) return Promise.resolve(void turnedAway.push(hint));
    const lane = laneOf(hint);
    const waiting = line.waitingIn(lane);
    const untilMs = postpone?.(hint, waiting);
    if (untilMs !== undefined) return openWork.defer(hint, untilMs);
    const state = { again: false };
    inHand.add(hint, state);
    const { promise, resolve } = Promise.withResolvers<void>();
    const finish = () => {
      inHand.delete(hint);
      resolve();
    };
    const run = async () => {
      do {
        state.again = false;
        await attempt(hint);
      } while (state.again && !stop.signal.aborted);
      if (state.again) turnedAway.push(hint);
      finish();
    };
    const skip = () => {
      turnedAway.push(hint);
      finish();
    };
    line.push({ lane, run, skip });
    return waiting < unsettledPerLane ? promise : Promise.resolve();
  };

  const consumer = await bus.consume(queue, { prefetch: PREFETCH, onHint: take });
  if (runtime.options.soleWorker) await openWork.wake(queue, clock.now(), 0);
  /** Others are hinted as soon as the relay looks, and need not wait for leases to end. */
  const release = async (): Promise<void> => {
    for (; turnedAway.length > 0; turnedAway = turnedAway.slice(RELEASED_AT_ONCE))
      await openWork
        .release(turnedAway.slice(0, RELEASED_AT_ONCE))
        .catch((error: unknown) => logger.warn('leases of work in line could not be given back; they run out', { reason: String(error) }));
  };
  const kept = inHand.keepLeases(openWork, logger, stop.signal);
  return {
    get waiting() {
      return line.waiting;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await kept; // or it would make leases last that are given back
      const left = consumer[Symbol.asyncDispose](); // first, so that what is given back does not come here again
      const drained = line.drain();
      await release();
      await Promise.all([drained, left]);
      await release(); // what was on its way
    },
  };
};
