import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';

/** Rounds on one data folder before its promises are checked. */
const ROUNDS_PER_CAMPAIGN = 10;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const rounds = Number(values.rounds);
const firstSeed = Number(values.seed);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(firstSeed)) {
  console.error('usage: npm run faults -- [--rounds N] [--seed S]');
  process.exit(2);
}

const startedAtMs = Date.now();
const broken: string[] = [];
for (let done = 0, seed = firstSeed; done < rounds; done += ROUNDS_PER_CAMPAIGN, seed++)
  broken.push(...(await runCampaign({ seed, rounds: Math.min(ROUNDS_PER_CAMPAIGN, rounds - done), log: console.log })));
for (const promise of broken) console.error(`BROKEN  ${promise}`);
console.log(
  `${rounds} rounds, seeds from ${firstSeed}, ${Math.round((Date.now() - startedAtMs) / 1_000)} s: ` +
    (broken.length === 0 ? 'no promise broken' : `${broken.length} promises broken`),
);
process.exitCode = broken.length === 0 ? 0 : 1;
