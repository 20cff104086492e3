import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { type NetworkedCampaignOptions, runNetworkedCampaign } from './networked/campaign.ts';
import { availability as smallDiskMissing } from '../servers/small-disk.ts';
import { makeBundle } from '../bundle.ts';
import { isSingleKill } from './networked/drawing.ts';
import { lineOf, singleKillsOf, summaryOf } from './networked/report.ts';

const USAGE = `npm run faults -- [options]

  --rounds N         default 100
  --seed S           default: drawn
  --profile P        embedded (default): a round is one kill of one hub; they are killed five at a time
                     networked: a round breaks one to three of replicas, engines, connections, clocks and the disk, and its seed is that of
                     the round before plus one; the engines must be installed
  --event-store E    postgres (default) | kurrentdb (a double); networked only
  --log FILE         where to write what the hub's processes print; networked only
  --single-kills     only rounds in which one replica or engine is killed, and nothing else: the next N such seeds; networked only
  --side-by-side N   hubs broken at the same time, each on engines of its own (default 1): sooner done, and all of them slower; networked only`;

/** Embedded: hubs of a fleet, and its kills before its promises are checked. */
const HUBS = 5;
const KILLS = 10;

interface Result {
  readonly rounds: number;
  readonly lastSeed: number;
  readonly orders: number;
  readonly broken: readonly string[];
  /** All promises were kept, and not as fast as they should have been. */
  readonly isMissed?: boolean;
}

const embedded = async (rounds: number, firstSeed: number): Promise<Result> => {
  const broken: string[] = [];
  let done = 0;
  let orders = 0;
  let seed = firstSeed;
  for (; done < rounds; seed++) {
    const kills = Math.min(KILLS, Math.ceil((rounds - done) / HUBS));
    const result = await runCampaign({ seed, hubs: HUBS, kills, log: console.log });
    for (const promise of result.broken) console.error(`BROKEN  ${promise}`);
    broken.push(...result.broken);
    done += kills * HUBS;
    orders += result.orders;
  }
  return { rounds: done, lastSeed: seed - 1, orders, broken };
};

type Beside = Pick<NetworkedCampaignOptions, 'eventStore' | 'sideBySide' | 'onOutput'>;

const networked = async (rounds: number, firstSeed: number, onlySingleKills: boolean, beside: Beside): Promise<Result> => {
  const leftOut = smallDiskMissing();
  const outline = { hasKurrentDb: beside.eventStore === 'kurrentdb', hasSmallDisk: leftOut === undefined };
  const seeds: number[] = [];
  for (let seed = firstSeed; seeds.length < rounds; seed++) if (!onlySingleKills || isSingleKill(seed, outline)) seeds.push(seed);
  if (leftOut !== undefined) console.log(`PostgreSQL's disk is never full: ${leftOut}`);
  const result = await runNetworkedCampaign({
    ...beside,
    seeds,
    report: (round) => console.log(lineOf(round)),
    onBroken: (promise) => console.error(`BROKEN  ${promise}`),
  });
  const { line, isMissed } = singleKillsOf(result.rounds);
  console.log(`${summaryOf(result.rounds)}\n${line}`);
  return { ...result, rounds: result.rounds.length, lastSeed: seeds.at(-1)!, isMissed };
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    profile: { type: 'string', default: 'embedded' },
    'event-store': { type: 'string', default: 'postgres' },
    'side-by-side': { type: 'string', default: '1' },
    'single-kills': { type: 'boolean', default: false },
    log: { type: 'string' },
  },
});
const { profile, 'event-store': eventStore, log } = values;
const onOutput = (output: string): void => {
  if (log !== undefined) appendFileSync(log, output);
};
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const sideBySide = Number(values['side-by-side']);
if (
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  !Number.isInteger(seed) ||
  !Number.isInteger(sideBySide) ||
  sideBySide < 1 ||
  (profile !== 'embedded' && profile !== 'networked') ||
  (eventStore !== 'postgres' && eventStore !== 'kurrentdb')
) {
  console.error(USAGE);
  process.exit(2);
}

await makeBundle(resolve(import.meta.dirname, '../..'));
const startedAtMs = Date.now();
const result =
  profile === 'embedded'
    ? await embedded(rounds, seed)
    : await networked(rounds, seed, values['single-kills'], { eventStore, sideBySide, onOutput });
console.log(
  `${result.rounds} rounds, seeds ${seed} to ${result.lastSeed}, ${result.orders} orders, ${Math.round((Date.now() - startedAtMs) / 1_000)} s: ` +
    (result.broken.length === 0 ? 'no promise broken' : `${result.broken.length} promises broken`),
);
process.exitCode = result.broken.length === 0 && !result.isMissed ? 0 : 1;
