import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';

const HUBS = 5;
/** Kills of one fleet before its promises are checked. */
const KILLS = 10;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const rounds = Number(values.rounds);
const firstSeed = Number(values.seed);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(firstSeed)) {
  console.error('usage: npm run faults -- [--rounds N] [--seed S]\nA round is one kill of one hub; they are killed five at a time.');
  process.exit(2);
}

const startedAtMs = Date.now();
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
console.log(
  `${done} rounds, seeds ${firstSeed} to ${seed - 1}, ${orders} orders, ${Math.round((Date.now() - startedAtMs) / 1_000)} s: ` +
    (broken.length === 0 ? 'no promise broken' : `${broken.length} promises broken`),
);
process.exitCode = broken.length === 0 ? 0 : 1;
