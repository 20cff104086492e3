/**
 * `npm run bench`: what the hub can do on this machine, as one table. Hub, ERP simulator and load generator are processes of their own
 * on the same cores; the hub runs as delivered, durability on, except that partners have no quota.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { makeBundle } from '../bundle.ts';
import { measureAccepting } from './accept.ts';
import { type Figure, tableOf } from './figures.ts';
import { measureIdle } from './idle.ts';
import { measureLatency } from './latency.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measureMemory } from './memory.ts';
import { type BenchOptions, readOptions, type Section, USAGE } from './options.ts';
import { embedded } from './embedded.ts';
import { networked } from './networked.ts';
import { measureFairness } from './fairness.ts';
import { measureOverload } from './overload.ts';
import type { Profile } from './profile.ts';
import { measurePayments } from './payments.ts';
import { measureRebuild } from './rebuild.ts';
import { CONFIGURATION, CONNECTIONS, Site } from './site.ts';
import { soak } from './soak.ts';
import { measureWebhooks } from './webhooks.ts';
import { closedLoop, measureGrowth, measureThroughput } from './throughput.ts';

const report = (text: string): void => console.error(`  ${text}`);

const readOptionsOrExit = (): BenchOptions => {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
};

/** Everything that is measured on one hub, in an order in which each part finds it warm. */
const measureHub = async (profile: Profile, { orders, sections, stored, minutes }: BenchOptions): Promise<readonly Figure[]> => {
  await using site = await Site.open(profile);
  const readyRssMiB = site.hubMemory().rssMiB;
  await using generator = await site.generator('CLOSED');
  const run = { site, generator, stored: 0 };
  const figures: Figure[] = [];
  const measure = async (what: string, part: Promise<readonly Figure[]> | readonly Figure[]) => {
    report(what);
    figures.push(...(await part));
  };
  const wanted = (section: Section): boolean => sections.has(section);
  if (wanted('idle')) await measure('idle', measureIdle(site, orders < 1_000 ? 1 : IDLE_SECONDS));
  report('warming up');
  await closedLoop(run, Math.ceil(orders / 2));
  if (wanted('throughput')) await measure('closed loop', measureThroughput(run, orders));
  if (wanted('latency')) await measure('steady load', measureLatency(run, latencySeconds(orders)));
  if (wanted('payments')) await measure('payments beside orders', measurePayments(run, Math.ceil(orders / 2)));
  if (stored !== undefined) await measure(`on to ${stored.toLocaleString('en')} orders`, measureGrowth(run, stored, report));
  if (minutes > 0) await measure('soak', soak(run, minutes, report));
  if (wanted('memory')) await measure('memory', measureMemory(site, readyRssMiB, run.stored));
  if (wanted('rebuild')) await measure('rebuild', measureRebuild(site));
  return figures;
};

const IDLE_SECONDS = 10;
const latencySeconds = (orders: number): number => Math.max(1, Math.min(20, Math.round(orders / 1_000)));

const overloadSeconds = (orders: number): number => Math.max(2, Math.min(30, Math.round(orders / 500)));

const headingOf = (machine: Machine, { description }: Profile, { orders, sections }: BenchOptions): string =>
  [
    `${machine.cores} × ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.kernel}, ${machine.fileSystem} (16 KiB durable in ${machine.syncMs.toFixed(2)} ms), Node ${machine.node}`,
    `${description}.`,
    `Load, hub and ERP simulator on the same cores; ${CONNECTIONS} connections; orders of 1 KB with 3 to 5 lines of counted stock.`,
    `Hub as delivered, and ${Object.entries(CONFIGURATION)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}.`,
    `Warm-up ${Math.ceil(orders / 2).toLocaleString('en')} orders each, then ${[...sections].join(', ')} with ${orders.toLocaleString('en')} orders.`,
  ].join('\n');

const options = readOptionsOrExit();
const profile = options.profile === 'networked' ? networked(options.eventStore) : embedded;
await makeBundle(resolve(import.meta.dirname, '../..'));
const machine = describeMachine();
console.log(`${headingOf(machine, profile, options)}\n`);
const startedMs = performance.now();
const figures: Figure[] = [];
if (options.sections.has('accept')) {
  report('accepting only, in turns with bare Express');
  figures.push(...(await measureAccepting(profile, Math.ceil(options.orders / 2))));
}
const ofTheHub: readonly Section[] = ['idle', 'throughput', 'latency', 'payments', 'memory', 'rebuild'];
if (ofTheHub.some((section) => options.sections.has(section))) figures.push(...(await measureHub(profile, options)));
if (options.sections.has('webhooks')) {
  report('webhooks');
  figures.push(...(await measureWebhooks(profile, Math.ceil(options.orders / 4))));
}
if (options.sections.has('overload')) {
  report('overload');
  const orders = 2 * Math.ceil(options.orders / 8);
  const seconds = options.minutes > 0 ? options.minutes * 60 : overloadSeconds(options.orders);
  figures.push(...(await measureOverload(profile, orders, seconds, report)));
  report('one partner that floods');
  figures.push(...(await measureFairness(profile, orders, report)));
}
console.log(tableOf(figures));
console.log(`\n${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
if (options.jsonFile)
  await writeFile(
    options.jsonFile,
    `${JSON.stringify({ machine, configuration: CONFIGURATION, options: { ...options, sections: [...options.sections] }, figures }, null, 2)}\n`,
  );
