import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '@sagahub/hub/harness/api-client.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { redriveAll, statsOf } from '../evidence.ts';
import { runLoad } from '../load.ts';
import { drawFaults } from './drawing.ts';
import { awayAtPresent } from './excuses.ts';
import { type Fault, type FaultKind, isSurvivable } from './fault.ts';
import { outageOf } from './outage.ts';
import { Probes } from './probes.ts';
import type { NetworkedSite } from './site.ts';

/** One round: something breaks, and is whole again. */
export interface RoundReport {
  readonly seed: number;
  readonly faults: readonly { readonly name: string; readonly kind: FaultKind }[];
  /** From the first fault's beginning to the last one's end. */
  readonly brokenMs: number;
  /** Time in which some order was refused, unanswered or late. */
  readonly degradedMs: number;
  /**
   * From the last fault's end until the last order that was held up had its way; from its beginning where others take over. 0 when nobody
   * noticed.
   */
  readonly recoveredMs: number;
}

/** Longest that a hub may take until all goes well again, an operator helping; then something is stuck, however busy the machine. */
const RECOVERY_LIMIT_MS = 180_000;
/**
 * A hub that takes longer gets nothing but probes from then on: a machine that is too slow for the load is no hub that is stuck, and what is stuck
 * stays so without it.
 */
const LOAD_LIMIT_MS = 30_000;
/** An operator looks so often. */
const MEND_EVERY_MS = 1_000;
/** Some load, and most of the time for what is started anew. FerretDB reads every order that it holds for each list. */
const PAUSE_MS = 400;

/**
 * Plays rounds one after the other under one load, and then checks what the hub promised over log, ERP, stock, discounts, open work and read
 * model.
 * @param report told of each round as it ends
 * @returns one sentence per broken promise
 */
export const playRounds = async (
  site: NetworkedSite,
  seeds: readonly number[],
  report: (round: RoundReport) => void,
): Promise<readonly string[]> => {
  const { demo, operator, witness, stranger } = site;
  const prefix = `S${seeds[0]}`;
  const random = seededRandom(seeds[0]!);
  const stop = new AbortController();
  let faults: readonly Fault[] = [];
  const senders: Senders = { areHeld: false };
  const excused = (answer: Answer): boolean => awayAtPresent(answer) || faults.some(({ excuses }) => excuses?.(answer));
  const isHeld = (): boolean => senders.areHeld;
  const load = runLoad({ demo, operator, witness, stranger, random, prefix, signal: stop.signal, excused, pauseMs: PAUSE_MS, isHeld });
  load.catch(() => stop.abort()); // its failure is told at the end
  try {
    await using probes = new Probes(demo, witness, `${prefix}-PROBE`);
    await wellAgain(site, probes, senders, Date.now());
    for (const seed of seeds) {
      faults = drawFaults(site, seededRandom(seed));
      report(await playRound(site, probes, senders, seed, faults));
    }
  } finally {
    stop.abort();
    await load;
  }
  return site.promisesBroken();
};

/** Of the load. */
interface Senders {
  areHeld: boolean;
}

const playRound = async (
  site: NetworkedSite,
  probes: Probes,
  senders: Senders,
  seed: number,
  faults: readonly Fault[],
): Promise<RoundReport> => {
  const told = faults.map(({ name, kind }) => ({ name, kind }));
  const startedAtMs = Date.now();
  try {
    await Promise.all(faults.map(happen));
    const endedAtMs = Date.now();
    await wellAgain(site, probes, senders, endedAtMs);
    const { degradedMs, overAtMs = 0 } = outageOf(probes.since(startedAtMs), Date.now());
    const fromMs = faults.every(isSurvivable) ? startedAtMs : endedAtMs;
    return { seed, faults: told, brokenMs: endedAtMs - startedAtMs, degradedMs, recoveredMs: Math.max(0, overAtMs - fromMs) };
  } catch (error) {
    throw new Error(`seed ${seed}, ${told.map(({ name }) => name).join(', ')}`, { cause: error });
  }
};

const happen = async ({ startsAfterMs, lastsMs, begin, end }: Fault): Promise<void> => {
  await sleep(startsAfterMs);
  await begin();
  await sleep(lastsMs);
  await end();
};

/** Closes the breaker and sends dead letters on their way again meanwhile, as an operator would. */
const wellAgain = async (site: NetworkedSite, probes: Probes, senders: Senders, sinceMs: number): Promise<void> => {
  let mendAtMs = sinceMs + MEND_EVERY_MS;
  while (!probes.isWell(sinceMs)) {
    const nowMs = Date.now();
    if (nowMs > sinceMs + RECOVERY_LIMIT_MS)
      throw new Error(`not well again within ${RECOVERY_LIMIT_MS / 1_000} s; ${await probes.describe()}`);
    senders.areHeld = nowMs > sinceMs + LOAD_LIMIT_MS;
    if (nowMs > mendAtMs) {
      await mend(site).catch(() => undefined); // the hub may not be there yet
      mendAtMs = Date.now() + MEND_EVERY_MS;
    }
    await sleep(20);
  }
  senders.areHeld = false;
};

const mend = async (site: NetworkedSite): Promise<void> => {
  const reason = 'the fault is over';
  await site.operator.post('/api/v1/admin/breakers/erp/close', { reason });
  if ((await statsOf(site)).stuck > 0) await redriveAll(site, reason);
};
