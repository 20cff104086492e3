import type { HubStats } from '@sagahub/contracts/api/operations-views.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import type { Installation, Part, RunningHub } from './installation.ts';
import { Generator } from './load.ts';
import { NodeProcess } from './node-process.ts';
import { stockUp } from './orders.ts';
import { costOf } from './process-cost.ts';
import type { Profile } from './profile.ts';
import { ORDERS, type Work } from './work.ts';

const ERP = new URL('../../simulators/erp/main.ts', import.meta.url);
const PROCESSOR = new URL('../../simulators/payment-processor/main.ts', import.meta.url);
/** Longest wait for the hub to come to rest. */
const REST_LIMIT_MS = 10 * 60_000;

/** Connections of a closed loop. */
export const CONNECTIONS = 32;
/** What the hub is started with; everything else is as delivered. */
export const CONFIGURATION = { HUB_PARTNER_RATE_LIMIT_PER_MINUTE: '0', HUB_LOG_LEVEL: 'warn' };

export interface HubMemory {
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  /** Its processes; none when there is only one. */
  readonly each: readonly { readonly name: string; readonly rssMiB: number }[];
}

/** A hub, its ERP and its payment processor, in processes of their own, on a new installation with stock in it. The load comes from this process. */
export class Site implements AsyncDisposable {
  readonly profile: Profile;
  readonly hub: RunningHub;
  readonly simulatorPids: readonly number[];
  readonly readyMs: number;
  readonly #installation: Installation;
  readonly #owned: AsyncDisposableStack;

  private constructor(profile: Profile, installation: Installation, simulatorPids: readonly number[], owned: AsyncDisposableStack) {
    this.profile = profile;
    this.hub = installation.hub;
    this.readyMs = installation.readyMs;
    this.simulatorPids = simulatorPids;
    this.#installation = installation;
    this.#owned = owned;
  }

  static async open(profile: Profile, env: Readonly<Record<string, string>> = {}): Promise<Site> {
    await using opened = new AsyncDisposableStack();
    const erp = opened.use(await NodeProcess.start<{ url: string }>(ERP, ['0']));
    const processor = opened.use(await NodeProcess.start<{ url: string }>(PROCESSOR, ['0']));
    const behind = { ERP_URL: erp.ready.url, PAYMENT_PROCESSOR_URL: processor.ready.url };
    const installation = opened.use(await profile.install({ ...CONFIGURATION, ...behind, ...env }));
    await stockUp(installation.hub.client('operator'));
    return new Site(profile, installation, [erp.pid, processor.pid], opened.move());
  }

  get parts(): readonly Part[] {
    return this.#installation.parts;
  }

  get dumpAndRestore(): Installation['dumpAndRestore'] {
    return this.#installation.dumpAndRestore;
  }

  /** Of the hub's own processes together, and of each. */
  hubMemory(): HubMemory {
    const each = this.parts.filter(({ kind }) => kind === 'hub').map(({ name, pid }) => ({ name, ...costOf(pid) }));
    return {
      rssMiB: each.reduce((sum, { rssMiB }) => sum + rssMiB, 0),
      peakRssMiB: each.reduce((sum, { peakRssMiB }) => sum + peakRssMiB, 0),
      each: each.length > 1 ? each : [],
    };
  }

  async generator(prefix: string, connections = CONNECTIONS, work: Work = ORDERS): Promise<Generator> {
    return new Generator({ url: this.hub.url, token: await this.hub.client('demo').token() }, prefix, connections, work);
  }

  async stats(): Promise<HubStats> {
    return (await (await fetch(`${this.hub.managementUrl}/stats`)).json()) as HubStats;
  }

  /** Until so many orders were accepted since the start and all of them completed; any other end fails the run. */
  async completed(orders: number): Promise<void> {
    const stats = await until(
      `${orders} completed orders`,
      () => this.stats(),
      ({ accepted, inFlight }) => accepted >= orders && inFlight === 0,
      REST_LIMIT_MS,
    );
    if (stats.completed !== stats.accepted) throw new Error(`not every order completed: ${JSON.stringify(stats)}`);
  }

  /** The same of payments: until all of them were approved. */
  async approved(payments: number): Promise<void> {
    const stats = await until(
      `${payments} approved payments`,
      async () => (await this.stats()).payments,
      ({ accepted, inFlight }) => accepted >= payments && inFlight === 0,
      REST_LIMIT_MS,
    );
    if (stats.approved !== stats.accepted) throw new Error(`not every payment was approved: ${JSON.stringify(stats)}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}
