import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { readHubConfig } from '@sagahub/hub/config.ts';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { type HubSeams, type RunningHub, startHub } from '@sagahub/hub/hub.ts';
import type { ErpBehaviour } from '@sagahub/simulators/erp/behaviour.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import type { HubFromOutside } from './evidence.ts';
import { type LeapingClock, leapingClock } from './leaping-clock.ts';
import { Witness } from './witness.ts';

const SECRETS = { demo: 'secret-of-the-demo-client', operator: 'secret-of-the-operator', auditor: 'secret-of-the-auditor' };

export interface HubHereOptions extends HubSeams {
  readonly env?: Readonly<Record<string, string>>;
  readonly erp?: Partial<ErpBehaviour>;
}

/** A whole hub in this process, with time that leaps, for faults that need no crash. Everything is as a user runs it but for the seams. */
export class HubHere implements HubFromOutside, AsyncDisposable {
  readonly clock: LeapingClock;
  readonly erp: ErpSimulator;
  readonly folder: string;
  readonly witness = new Witness();
  demo!: ApiClient;
  operator!: ApiClient;
  auditor!: ApiClient;
  /** Lines of its log. */
  log = '';
  readonly #options: HubHereOptions;
  #hub: RunningHub | undefined;

  private constructor(folder: string, erp: ErpSimulator, clock: LeapingClock, options: HubHereOptions) {
    this.folder = folder;
    this.erp = erp;
    this.clock = clock;
    this.#options = options;
    this.#renewClients();
  }

  static async start(options: HubHereOptions = {}): Promise<HubHere> {
    const clock = leapingClock();
    const folder = await mkdtemp(join(tmpdir(), 'sagahub-here-'));
    const erp = await startErpSimulator({ clock, ...(options.erp && { behaviour: options.erp }) });
    const hub = new HubHere(folder, erp, clock, options);
    await hub.startAgain();
    return hub;
  }

  async startAgain(): Promise<void> {
    const env = {
      ...process.env,
      HUB_DATA_DIR: this.folder,
      PORT: '0',
      HUB_MANAGEMENT_PORT: '0',
      HUB_LOG_LEVEL: 'warn',
      ERP_URL: this.erp.url,
      HUB_DEMO_CLIENT_SECRET: SECRETS.demo,
      HUB_DEMO_OPERATOR_SECRET: SECRETS.operator,
      HUB_DEMO_AUDITOR_SECRET: SECRETS.auditor,
      ...this.#options.env,
    };
    const logTo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.log += chunk.toString();
        done();
      },
    });
    this.#hub = await startHub(readHubConfig(env), env, { clock: this.clock, logTo, ...this.#options });
  }

  get url(): string {
    return this.#running().url;
  }
  get managementUrl(): string {
    return this.#running().managementUrl;
  }

  /** Time passes at once; tokens expire. */
  leap(ms: number): void {
    this.clock.leap(ms);
    this.#renewClients();
  }

  async stop(): Promise<void> {
    const hub = this.#hub;
    this.#hub = undefined;
    await hub?.stop();
  }

  /** @returns the order's id */
  async post(orderNumber: string, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.demo.post('/api/v1/orders', anOrder(orderNumber, changes));
    if (answer.status !== 202) throw new Error(`expected 202, got ${answer.status}: ${answer.text}`);
    const { orderId } = answer.body as { orderId: string };
    this.witness.accept({ orderId, orderNumber, submission: 1 }, JSON.stringify(changes));
    return orderId;
  }

  /** The order, once its status is one of these. */
  async orderIn(orderId: string, ...statuses: readonly string[]): Promise<any> {
    const { body } = await until(
      `the order becoming ${statuses.join(' or ')}`,
      () => this.demo.get(`/api/v1/orders/${orderId}`),
      (answer) => statuses.includes(answer.body.status),
    );
    return body;
  }

  async typesOf(orderId: string): Promise<string[]> {
    const { text } = await this.auditor.get(`/api/v1/events?stream=order-${orderId}`);
    return text.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { type: string }).type]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub?.[Symbol.asyncDispose]();
    await this.erp[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  #renewClients(): void {
    const client = (id: keyof typeof SECRETS) => new ApiClient(() => this.url, id, SECRETS[id]);
    this.demo = client('demo');
    this.operator = client('operator');
    this.auditor = client('auditor');
  }

  #running(): RunningHub {
    if (!this.#hub) throw new Error('the hub is not running');
    return this.#hub;
  }
}
