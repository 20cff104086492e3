import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import type { HubOptions } from '@sagahub/hub/harness/hub-process.ts';
import { ProcessorBeside } from '@sagahub/hub/harness/processor.ts';
import type { ProcessName } from '@sagahub/hub/networked/process.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { programOf } from '../bundle.ts';
import { freePort } from '../servers/local-server.ts';
import type { ClockSet } from './settable-clock.ts';
import { type Management, openManagement } from './networked-management.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const COMPILE_CACHE = resolve(ROOT, 'node_modules/.cache/compile');
/** Only bounds a failing run. */
const START_LIMIT_MS = 120_000;
const SETTABLE_CLOCK = ['--import', resolve(ROOT, 'tests/support/settable-clock.ts')];
const ADMIN_SECRET = 'test-secret-of-the-admin';
export const SERVICES = ['integration-service', 'orchestration-service', 'outbound-service', 'read-model'] as const;
/** Every kind of process, in an order in which they may be restarted. */
export const PROCESSES = [...SERVICES, 'gateway'] as const satisfies readonly ProcessName[];

/** The engines a networked hub runs on. */
export interface Engines {
  readonly HUB_POSTGRES_URL: string;
  readonly HUB_REDIS_URL: string;
  readonly HUB_RABBITMQ_URL: string;
  readonly HUB_MONGODB_URL: string;
  readonly HUB_EVENT_STORE_URL?: string;
  /** PostgreSQL as a user without rights on the keys, for the process that needs none. Default: as all others. */
  readonly withoutKeys?: string;
}

export interface NetworkedHubOptions extends HubOptions {
  /** Processes of every service, and gateways. Default 1. */
  readonly replicas?: number;
  /** Comes between hub and ERP. @returns the URL that the hub is to call. Default: the ERP's own */
  readonly beforeErp?: (url: string) => Promise<string>;
  /** Default false: only then can the clock of a process be set. */
  readonly clocksCanBeSet?: boolean;
  /** Folder of the code that processes run, until {@link NetworkedHub.release} is set to another one. Default: this repository. */
  readonly release?: string;
  /**
   * What is else in five processes is in one: each service with ports, connections and settings of its own, and code that is loaded once, which is most
   * of what starting them costs. They start and end together. Default false.
   */
  readonly together?: boolean;
}

/** What a process prints when it is ready; the name is of one among those that are together. */
interface Ready {
  readonly url: string;
  readonly managementUrl: string;
  readonly grpcAddress?: string;
  readonly name: ProcessName;
}

interface Running extends Omit<Ready, 'name'> {
  readonly child: ChildProcess;
}

interface Parts {
  readonly erp: ErpSimulator;
  readonly processor: ProcessorBeside;
  readonly env: NodeJS.ProcessEnv;
  readonly ports: Readonly<Record<ProcessName, readonly number[]>>;
  readonly withoutKeys: string | undefined;
  readonly clocksCanBeSet: boolean;
  readonly release: string;
  readonly together: boolean;
}

/** The hub in processes of its own on real engines, one or more for each service, with a simulated ERP and payment processor in this one. */
export class NetworkedHub implements AsyncDisposable {
  readonly erp: ErpSimulator;
  readonly processor: ProcessorBeside;
  /** Folder of the code that processes run which are started from now on. */
  release: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #withoutKeys;
  readonly #clocksCanBeSet: boolean;
  readonly #together: boolean;
  /** Of each service's replicas; a process that is started again has the port it had. */
  readonly #ports: Readonly<Record<ProcessName, readonly number[]>>;
  /** By service, a place per replica. */
  readonly #running: Readonly<Record<ProcessName, (Running | undefined)[]>>;
  readonly #secrets = new Map<string, string>();
  #management: Management | undefined;
  #output = '';
  #turn = 0;

  private constructor({ erp, processor, env, ports, withoutKeys, clocksCanBeSet, release, together }: Parts) {
    this.erp = erp;
    this.processor = processor;
    this.release = release;
    this.#env = env;
    this.#ports = ports;
    this.#withoutKeys = withoutKeys && { HUB_POSTGRES_URL: withoutKeys };
    this.#clocksCanBeSet = clocksCanBeSet;
    this.#together = together;
    this.#running = recordOf(() => []);
  }

  static async start(
    { withoutKeys, ...engines }: Engines,
    {
      env = {},
      erp: behaviour,
      seed,
      replicas = 1,
      beforeErp,
      clocksCanBeSet = false,
      release = ROOT,
      together = false,
    }: NetworkedHubOptions = {},
  ): Promise<NetworkedHub> {
    const erp = await startErpSimulator({ ...(behaviour && { behaviour }), ...(seed !== undefined && { seed }) });
    const processor = await ProcessorBeside.start(seed);
    const ports = recordOf((): number[] => []);
    for (const name of PROCESSES) for (let replica = 0; replica < replicas; replica++) ports[name].push(await freePort());
    const urlsOf = (name: ProcessName): string => ports[name].map((port) => `http://127.0.0.1:${port}`).join(',');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const hub = new NetworkedHub({
      erp,
      processor,
      env: {
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        ...process.env,
        ...engines,
        HUB_PROFILE: 'networked',
        HUB_MANAGEMENT_PORT: '0',
        HUB_LOG_LEVEL: 'warn',
        HUB_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        HUB_MASTER_KEY: randomBytes(32).toString('base64'),
        HUB_ADMIN_CLIENT_SECRET: ADMIN_SECRET,
        HUB_ANONYMOUS_RATE_LIMIT_PER_MINUTE: '0',
        HUB_PUBLIC_URL: `http://127.0.0.1:${ports.gateway[0]}`,
        HUB_INTEGRATION_URL: urlsOf('integration-service'),
        HUB_ORCHESTRATION_URL: urlsOf('orchestration-service'),
        HUB_OUTBOUND_URL: urlsOf('outbound-service'),
        HUB_READ_MODEL_URL: urlsOf('read-model'),
        ERP_URL: beforeErp ? await beforeErp(erp.url) : erp.url,
        ...processor.env,
        ...env,
      },
      ports,
      withoutKeys,
      clocksCanBeSet,
      release,
      together,
    });
    try {
      processor.hubAt(`http://127.0.0.1:${ports.gateway[0]}`);
      hub.#management = await openManagement(() => hub.#all().map(({ managementUrl }) => managementUrl));
      if (!together) await hub.startProcess('integration-service'); // creates the schemas that all others wait for
      await hub.startAgain();
      await hub.#addClients();
      return hub;
    } catch (error) {
      await hub[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of the gateways in turn, as a load balancer in front of them would; one that is told to end gets nothing more. */
  get url(): string {
    const gateways = this.#running.gateway.filter((one) => one !== undefined);
    const next = gateways[this.#turn++ % gateways.length];
    if (!next) throw new Error('gateway is not running');
    return next.url;
  }
  /** Of the first gateway; only with `HUB_GRPC_PORT`. */
  get grpcAddress(): string {
    return this.#running.gateway.find((one) => one !== undefined)?.grpcAddress ?? '';
  }
  /** Of all processes together. */
  get managementUrl(): string {
    return this.#management?.url ?? '';
  }
  /** Those that run now. */
  get processes(): readonly { readonly name: ProcessName; readonly pid: number; readonly managementUrl: string }[] {
    return Object.entries(this.#running).flatMap(([name, replicas]) =>
      replicas.flatMap((one) => (one ? [{ name: name as ProcessName, pid: one.child.pid!, managementUrl: one.managementUrl }] : [])),
    );
  }
  get output(): string {
    return this.#output;
  }

  client(name: 'demo' | 'operator' | 'auditor'): ApiClient {
    return new ApiClient(() => this.url, name, this.secretOf(name));
  }

  /** Of a client. */
  secretOf(name: 'demo' | 'operator' | 'auditor'): string {
    return this.#secrets.get(name) ?? '';
  }

  /** @param env beside what the hub was started with */
  async startProcess(name: ProcessName, replica = 0, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = this.#spawn(name, replica, env);
    const [ready] = await this.#ready(name, child, 1);
    this.#running[name][replica] = { child, ...ready! };
  }

  async #startTogether(env: Readonly<Record<string, string>>): Promise<void> {
    const environments = recordOf((name) => this.#changesOf(name, 0, env));
    const child = this.#program([programOf(ROOT, 'tests/support/processes-together.ts'), JSON.stringify(environments)], ROOT, {});
    for (const { name, ...ready } of await this.#ready('the hub', child, PROCESSES.length)) this.#running[name][0] = { child, ...ready };
  }

  /** Resolves with so many lines that say who is ready; else it is dead. */
  async #ready(what: string, child: ChildProcessByStdio<null, Readable, Readable>, count: number): Promise<readonly Ready[]> {
    const { promise, resolve: ready, reject } = Promise.withResolvers<readonly Ready[]>();
    const limit = setTimeout(() => reject(new Error(`${what} was not ready in time:\n${this.#output}`)), START_LIMIT_MS);
    child.once('exit', (code) => reject(new Error(`${what} ended with ${code} before it was ready:\n${this.#output}`)));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const lines = printed.split('\n').filter((line) => line.startsWith('{"url"') && line.endsWith('}'));
      if (lines.length >= count) ready(lines.map((line) => JSON.parse(line) as Ready));
    });
    try {
      return await promise;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Killed so long after it was started, ready or not. */
  async startAndKill(name: ProcessName, replica: number, afterMs: number): Promise<void> {
    const child = this.#spawn(name, replica);
    child.stdout.resume();
    const ended = once(child, 'exit');
    const [code] = (await Promise.race([ended, sleep(afterMs, [])])) as (number | null)[];
    if (code !== undefined) throw new Error(`${name} ended with ${code} by itself:\n${this.#output}`);
    child.kill('SIGKILL');
    await ended;
  }

  #spawn(name: ProcessName, replica: number, env: Readonly<Record<string, string>> = {}): ChildProcessByStdio<null, Readable, Readable> {
    const clock = this.#clocksCanBeSet ? SETTABLE_CLOCK : [];
    return this.#program([...clock, `${name}/main.ts`], this.release, this.#changesOf(name, replica, env));
  }

  #changesOf(name: ProcessName, replica: number, env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    return { ...(name === 'orchestration-service' && this.#needingNoKeys()), ...env, PORT: String(this.#ports[name][replica]) };
  }

  #program(args: readonly string[], cwd: string, changes: NodeJS.ProcessEnv): ChildProcessByStdio<null, Readable, Readable> {
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...this.#env, ...changes },
      stdio: ['ignore', 'pipe', 'pipe', ...(this.#clocksCanBeSet ? (['ipc'] as const) : [])],
    }) as ChildProcessByStdio<null, Readable, Readable>;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    return child;
  }

  /** Resolves with the exit code, once it has ended; `null` when a signal ended it. */
  async end(name: ProcessName, signal: NodeJS.Signals, replica = 0): Promise<number | null> {
    const running = this.#running[name][replica];
    this.#running[name][replica] = undefined;
    if (!running || running.child.exitCode !== null || running.child.signalCode !== null) return running?.child.exitCode ?? null;
    const ended = once(running.child, 'exit');
    running.child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  /** It hangs, connections and locks in hand, until it is thawed. Being killed ends it all the same. */
  freeze(name: ProcessName, replica = 0): void {
    this.#signal(name, 'SIGSTOP', replica);
  }

  /** It goes on where it was, and does not know that it was away. */
  thaw(name: ProcessName, replica = 0): void {
    this.#signal(name, 'SIGCONT', replica);
  }

  /** Of this process alone, against the machine's. @param aheadMs negative when it is behind */
  async setClock(name: ProcessName, aheadMs: number, replica = 0): Promise<void> {
    const child = this.#running[name][replica]?.child;
    if (!child?.connected) throw new Error(`the clock of replica ${replica} of ${name} cannot be set`);
    await promisify((message: ClockSet, done: (error: Error | null) => void) => child.send(message, done))({ aheadMs });
  }

  /** SIGKILL to all. */
  async kill(): Promise<void> {
    await this.#endAll(PROCESSES, 'SIGKILL');
  }

  /** SIGTERM, the gateways first; resolves with the worst exit code. */
  async stop(): Promise<number | null> {
    const codes = [...(await this.#endAll(['gateway'], 'SIGTERM')), ...(await this.#endAll(SERVICES, 'SIGTERM'))];
    return codes.find((code) => code !== 0) ?? 0;
  }

  /** Whatever does not run. If one cannot be started the others are waited for, so that they can be ended. */
  async startAgain(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#together) return this.#startTogether(env);
    const startings = this.#each(PROCESSES).map(async ([name, replica]) => {
      if (!this.#running[name][replica]) await this.startProcess(name, replica, env);
    });
    await Promise.allSettled(startings);
    await Promise.all(startings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#management?.[Symbol.asyncDispose]();
    await this.erp[Symbol.asyncDispose]();
    await this.processor[Symbol.asyncDispose]();
  }

  /** Release 0.1.0 wants a master key in every process. */
  #needingNoKeys(): NodeJS.ProcessEnv {
    return { ...this.#withoutKeys, ...(this.#withoutKeys && this.release === ROOT && { HUB_MASTER_KEY: '' }) };
  }

  #signal(name: ProcessName, signal: NodeJS.Signals, replica: number): void {
    if (!this.#running[name][replica]?.child.kill(signal)) throw new Error(`replica ${replica} of ${name} is not running`);
  }

  #all(): readonly Running[] {
    return PROCESSES.flatMap((name) => this.#running[name].filter((one) => one !== undefined));
  }

  #endAll(names: readonly ProcessName[], signal: NodeJS.Signals): Promise<(number | null)[]> {
    return Promise.all(this.#each(names).map(([name, replica]) => this.end(name, signal, replica)));
  }

  #each(names: readonly ProcessName[]): (readonly [ProcessName, replica: number])[] {
    return names.flatMap((name) => this.#ports[name].map((_port, replica) => [name, replica] as const));
  }

  async #addClients(): Promise<void> {
    const admin = new ApiClient(() => this.url, 'admin', ADMIN_SECRET);
    await admin.post('/api/v1/admin/partners', { partnerId: 'demo', name: 'Demo partner' });
    const scopes = {
      demo: ['orders:read', 'orders:write', 'payments:read', 'payments:write', 'webhooks:manage'],
      operator: ['admin', 'orders:read', 'payments:read'],
      auditor: ['audit:read', 'audit:personal'],
    };
    for (const [clientId, granted] of Object.entries(scopes)) {
      const { status, body, text } = await admin.post('/api/v1/admin/partners/demo/clients', { clientId, scopes: granted });
      if (status !== 201) throw new Error(`${clientId} could not be added: ${status} ${text}\n${this.#output}`);
      this.#secrets.set(clientId, body.clientSecret);
    }
  }
}

const recordOf = <Value>(make: (name: ProcessName) => Value): Record<ProcessName, Value> =>
  Object.fromEntries(PROCESSES.map((name) => [name, make(name)])) as Record<ProcessName, Value>;
