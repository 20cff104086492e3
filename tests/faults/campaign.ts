import { setTimeout as sleep } from 'node:timers/promises';
import { type ErpBehaviour, WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { gatherEvidence } from './evidence.ts';
import { type FleetMember, HubFleet } from './fleet.ts';
import { brokenPromises } from './invariants.ts';
import { DISCOUNT, pick, type Random, REFUSED_SKU, runLoad, SCARCE_DISCOUNT, SKUS } from './load.ts';
import { Witness } from './witness.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** Hubs of the fleet; each is killed with all others, and has an ERP with faults of its own. */
  readonly hubs: number;
  /** Each is one round for every hub. */
  readonly kills: number;
  readonly log?: (line: string) => void;
}

export interface CampaignResult {
  /** One sentence per broken promise, with the seed that repeats the campaign. */
  readonly broken: readonly string[];
  readonly orders: number;
  readonly events: number;
}

/** The most a hub accepts between two kills. */
const ORDERS_A_ROUND = 25;
const LOAD_LIMIT_MS = 3_000;
const SLOW_COMMIT_MS = 700;

const FAULTS: readonly ((random: Random) => Partial<ErpBehaviour>)[] = [
  () => ({}),
  (random) => ({ latencyMs: 20, jitterMs: Math.floor(random() * 300) }),
  (random) => ({ failureRate: random() * 0.6 }),
  (random) => ({ failAfterWorkRate: random() * 0.5 }),
  (random) => ({ lostAnswerRate: random() * 0.6 }),
  (random) => ({ slowCommitRate: random() * 0.5, slowCommitMs: SLOW_COMMIT_MS }),
  () => ({ outage: 'unavailable' }),
  () => ({ outage: 'refused' }),
  () => ({ outage: 'silent' }),
  (random) => ({ garbage: pick(random, ['html', 'no-reference', 'redirect']), garbageRate: 0.4 }),
  () => ({ bearer: 'another-token' }),
  () => ({ rateLimitPerSecond: 20 }),
];
export const HEALTHY: ErpBehaviour = { ...WELL_BEHAVED, refusedSkus: [REFUSED_SKU] };

/**
 * Kills a fleet of hubs under load again and again, also while it starts, and then checks what it promised over log, ERP, stock,
 * discounts, open work and read model.
 */
export const runCampaign = async (options: CampaignOptions): Promise<CampaignResult> => {
  await using fleet = await HubFleet.create(options.hubs, options.seed);
  try {
    return await runOn(fleet, options);
  } catch (error) {
    throw new Error(`seed ${options.seed}: ${fleet.report}`, { cause: error });
  }
};

const runOn = async (fleet: HubFleet, { seed, kills, log = () => {} }: CampaignOptions): Promise<CampaignResult> => {
  const random = seededRandom(seed);
  const witnesses = fleet.members.map(() => new Witness());
  const accepted = () => witnesses.reduce((sum, witness) => sum + witness.accepted.size, 0);
  if (random() < 0.5) await fleet.startAndKill(random() * 2_000); // the very first start, into empty folders
  await fleet.start();
  await Promise.all(fleet.members.map(stockUp));
  for (let kill = 1; kill <= kills; kill++) {
    const faults = await Promise.all(fleet.members.map((member) => misbehave(member, random)));
    const stop = new AbortController();
    const load = Promise.all(
      fleet.members.map(({ demo, operator }, index) => {
        const own = seededRandom(seed * 10_000 + kill * 100 + index);
        return runLoad({ demo, operator, witness: witnesses[index]!, random: own, prefix: `S${seed}-K${kill}`, signal: stop.signal });
      }),
    );
    await someLoad(accepted, random() * ORDERS_A_ROUND * fleet.members.length);
    await fleet.kill();
    stop.abort();
    await load;
    for (let starts = 0; starts < 2 && random() < 0.3; starts++) await fleet.startAndKill(random() * 2_000);
    await fleet.start();
    log(`seed ${seed}, kill ${kill}: ${faults.join(' | ')}; ${accepted()} orders accepted so far`);
  }
  const results = await Promise.all(
    fleet.members.map(async (member, index) => {
      await member.erp.behave(HEALTHY);
      const evidence = await gatherEvidence(member, witnesses[index]!);
      return { evidence, broken: brokenPromises(evidence).map((promise) => `seed ${seed}, ${member.name}: ${promise}`) };
    }),
  );
  return {
    broken: results.flatMap(({ broken }) => broken),
    orders: results.reduce((sum, { evidence }) => sum + evidence.stats.accepted, 0),
    events: results.reduce((sum, { evidence }) => sum + evidence.log.length, 0),
  };
};

/** Lets so many more orders be accepted, however fast the machine is; for a few seconds at most. */
const someLoad = async (accepted: () => number, orders: number): Promise<void> => {
  const enough = accepted() + orders;
  const endMs = Date.now() + LOAD_LIMIT_MS;
  do await sleep(5);
  while (accepted() < enough && Date.now() < endMs);
};

/** Gives an ERP a fault, or none, and says which. */
export const misbehave = async ({ erp }: Pick<FleetMember, 'erp'>, random: Random): Promise<string> => {
  const fault = pick(random, FAULTS)(random);
  await erp.behave({ ...HEALTHY, ...fault });
  return (
    JSON.stringify(fault)
      .replaceAll(/[{}"]/g, '')
      .replaceAll(/(\.\d\d)\d+/g, '$1') || 'a healthy ERP'
  );
};

export const stockUp = async ({ operator }: Pick<FleetMember, 'operator'>): Promise<void> => {
  const items = [...SKUS, REFUSED_SKU].map((sku) => ({ sku, available: '100' }));
  const codes = [
    { code: SCARCE_DISCOUNT, percent: '10', maxRedemptions: 15 },
    { code: DISCOUNT, percent: '5' },
  ];
  const stock = await operator.put('/api/v1/admin/inventory', { items });
  const discounts = await operator.put('/api/v1/admin/discounts', { items: codes });
  if (stock.status >= 300 || discounts.status >= 300) throw new Error(`${stock.text}\n${discounts.text}`);
};
