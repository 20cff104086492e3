import type { HubStats } from '@sagahub/contracts/api/operations-views.ts';
import { HubProcess } from '../support/hub-process.ts';
import { until } from '../support/until.ts';
import { Generator } from './load.ts';
import { stockUp } from './orders.ts';
import { NodeProcess } from './node-process.ts';

const ERP = new URL('../../simulators/erp/main.ts', import.meta.url);
/** Longest wait for the hub to come to rest. */
const REST_LIMIT_MS = 10 * 60_000;

/** Connections of a closed loop. */
export const CONNECTIONS = 32;
/** What the hub is started with; everything else is as delivered. */
export const CONFIGURATION = { HUB_PARTNER_RATE_LIMIT_PER_MINUTE: '0', HUB_LOG_LEVEL: 'warn' };

/** A hub and its ERP, each in a process of its own, on a new data folder with stock in it. The load comes from this process. */
export class Site implements AsyncDisposable {
  readonly hub: HubProcess;
  readonly erpPid: number;
  readonly #owned: AsyncDisposableStack;

  private constructor(hub: HubProcess, erpPid: number, owned: AsyncDisposableStack) {
    this.hub = hub;
    this.erpPid = erpPid;
    this.#owned = owned;
  }

  static async open(env: Readonly<Record<string, string>> = {}): Promise<Site> {
    await using opened = new AsyncDisposableStack();
    const erp = opened.use(await NodeProcess.start<{ url: string }>(ERP, ['0']));
    const hub = opened.use(await HubProcess.start({ env: { ...CONFIGURATION, ERP_URL: erp.ready.url, ...env } }));
    await stockUp(hub.client('operator'));
    return new Site(hub, erp.pid, opened.move());
  }

  async generator(prefix: string, connections = CONNECTIONS): Promise<Generator> {
    return new Generator({ url: this.hub.url, token: await this.hub.client('demo').token() }, prefix, connections);
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}
