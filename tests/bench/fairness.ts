import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { described, keepOn, separateCores } from './cores.ts';
import { aimedBelow, type Figure, figure } from './figures.ts';
import type { Target } from './load.ts';
import { capacityOf, MANY, OVERLOAD, tallyFigures } from './overload.ts';
import { NodeProcess } from './node-process.ts';
import { type Percentiles, percentilesOf, shown } from './percentiles.ts';
import { Pressure, Tally } from './pressure.ts';
import type { Profile } from './profile.ts';
import { Site } from './site.ts';

/** Times that the others are measured alone and beside the floods, in turns: what else the machine does falls on all. */
const TURNS = 4;
const TURN_SECONDS = 12;
/** Offered by each of the others. */
const OTHERS = ['globex', 'initech'] as const;
const RATE_EACH = 25;
const BARE_EXPRESS = new URL('./bare-express.ts', import.meta.url);

/**
 * How much longer the others wait for their 202 while one partner sends three times what the hub can accept. Whoever sends a flood from the
 * same machine takes its cores too: so senders have one for themselves where there are two, and the others are also measured beside the same
 * flood of a server that is not the hub.
 */
export const measureFairness = async (profile: Profile, orders: number, report: (text: string) => void): Promise<readonly Figure[]> => {
  const cores = separateCores();
  using atTheEnd = new DisposableStack();
  if (cores) {
    keepOn(cores.servers, [process.pid]); // and whatever it starts
    atTheEnd.defer(() => keepOn([...cores.servers, cores.senders], [process.pid]));
  }
  await using site = await Site.open(profile);
  await using bare = await NodeProcess.start<{ url: string }>(BARE_EXPRESS);
  if (cores) keepOn(cores.senders, [process.pid, ...site.simulatorPids]);
  await using closed = await site.generator('CAPACITY', MANY);
  const offered = Math.ceil(OVERLOAD * (await capacityOf(closed, orders)));
  await using flood = new Pressure({ url: site.hub.url, token: await site.hub.client('demo').token() }, 'FLOOD');
  await using elsewhere = new Pressure({ url: bare.ready.url, token: 'unread' }, 'ELSEWHERE');
  await using others = new Others(await Promise.all(OTHERS.map((name) => partner(site, name))));

  await others.send();
  const alone: Sending[] = [];
  const besideElsewhere: Sending[] = [];
  const beside: Sending[] = [];
  const floods: Tally[] = [];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    await atRest(site);
    alone.push(await others.send());
    const floodingElsewhere = elsewhere.offer(offered, TURN_SECONDS);
    besideElsewhere.push(await others.send());
    await floodingElsewhere;
    const flooding = flood.offer(offered, TURN_SECONDS);
    beside.push(await others.send());
    floods.push(await flooding);
    report(`turn ${turn}: ${shown(latency(alone.slice(-1)))} ms alone, ${shown(latency(beside.slice(-1)))} ms beside the flood`);
  }
  const [calm, crowded, flooded] = [latency(alone), latency(besideElsewhere), latency(beside)];
  const refused = beside.reduce((sum, sending) => sum + sending.refused, 0);
  const late = percentilesOf(beside.flatMap(({ latenessMs }) => latenessMs));
  return [
    figure('processors, fairness', described(cores), cores ?? null),
    ...tallyFigures(`one partner at ${OVERLOAD}×`, offered, together(floods)),
    figure(`others at ${RATE_EACH * OTHERS.length} orders/s, alone: accepted, p50 / p95 / p99`, `${shown(calm)} ms`, calm),
    figure('others beside the same flood of bare Express: accepted, p50 / p95 / p99', `${shown(crowded)} ms`, crowded),
    figure('others beside the flood: accepted, p50 / p95 / p99', `${shown(flooded)} ms`, flooded),
    figure('others beside the flood: their generator late by, p50 / p95 / p99', `${shown(late)} ms`, late),
    figure('others beside the flood: refused', `${refused} of ${refused + flooded.count}`, refused),
    aimedBelow("others' p99 beside the flood, as a multiple of theirs alone", flooded.p99 / calm.p99, 2, '', 2),
    figure(
      "others' p99 beside the flood, as a multiple of theirs beside that of bare Express",
      (flooded.p99 / crowded.p99).toFixed(2),
      flooded.p99 / crowded.p99,
    ),
  ];
};

interface Sending {
  readonly latencies: readonly number[];
  readonly latenessMs: readonly number[];
  readonly refused: number;
}

const latency = (sendings: readonly Sending[]): Percentiles => percentilesOf(sendings.flatMap(({ latencies }) => latencies));

/** The other partners, in a process of their own. */
class Others implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(partners: readonly Target[]) {
    this.#child = fork(new URL('./pressure-process.ts', import.meta.url), [JSON.stringify(partners)], { serialization: 'advanced' });
  }

  async send(): Promise<Sending> {
    const answered = once(this.#child, 'message');
    this.#child.send({ perSecond: RATE_EACH, seconds: TURN_SECONDS });
    return ((await answered) as [Sending])[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

const together = (tallies: readonly Tally[]): Tally => {
  const sum = new Tally();
  for (const { accepted, refused, refusedAfterMs, latenessMs, withoutRetryAfter, unsent, inTime, seconds } of tallies) {
    for (const sent of accepted) sum.accepted.push(sent);
    for (const [status, count] of refused) sum.refused.set(status, (sum.refused.get(status) ?? 0) + count);
    for (const ms of refusedAfterMs) sum.refusedAfterMs.push(ms);
    for (const ms of latenessMs) sum.latenessMs.push(ms);
    sum.withoutRetryAfter += withoutRetryAfter;
    sum.unsent += unsent;
    sum.inTime += inTime;
    sum.seconds += seconds;
  }
  return sum;
};

const atRest = async (site: Site): Promise<void> => {
  const { accepted } = await site.stats();
  await site.completed(accepted);
};

/** A new partner with a client of its own. */
const partner = async (site: Site, name: string): Promise<Target & { readonly name: string }> => {
  const operator = site.hub.client('operator');
  await operator.post('/api/v1/admin/partners', { partnerId: name, name });
  const { status, body, text } = await operator.post(`/api/v1/admin/partners/${name}/clients`, {
    clientId: `${name}-shop`,
    scopes: ['orders:read', 'orders:write'],
  });
  if (status !== 201) throw new Error(`a client of ${name} was answered ${status}: ${text}`);
  const client = new ApiClient(() => site.hub.url, body.clientId as string, body.clientSecret as string);
  return { name, url: site.hub.url, token: await client.token() };
};
