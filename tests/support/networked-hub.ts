import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import type { HubOptions } from '@sagahub/hub/harness/hub-process.ts';
import { ProcessorBeside } from '@sagahub/hub/harness/processor.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { freePort } from '../servers/local-server.ts';
import { type Management, openManagement } from './networked-management.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Only bounds a failing run. */
const START_LIMIT_MS = 120_000;
const ADMIN_SECRET = 'test-secret-of-the-admin';
export const SERVICES = ['integration-service', 'orchestration-service', 'outbound-service', 'read-model'] as const;
/** Every kind of process, in an order in which they may be restarted. */
export const PROCESSES = [...SERVICES, 'gateway'] as const;
export type ProcessName = (typeof PROCESSES)[number];

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
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly managementUrl: string;
  readonly grpcAddress?: string;
}

/** The hub in processes of its own on real engines, one or more for each service, with a simulated ERP and payment processor in this one. */
export class NetworkedHub implements AsyncDisposable {
  readonly erp: ErpSimulator;
  readonly processor: ProcessorBeside;
  readonly #env: NodeJS.ProcessEnv;
  readonly #withoutKeys;
  /** Of each service's replicas; a process that is started again has the port it had. */
  readonly #ports: Readonly<Record<ProcessName, readonly number[]>>;
  /** By service, a place per replica. */
  readonly #running: Readonly<Record<ProcessName, (Running | undefined)[]>>;
  readonly #secrets = new Map<string, string>();
  #management: Management | undefined;
  #output = '';
  #turn = 0;

  private constructor(
    erp: ErpSimulator,
    processor: ProcessorBeside,
    env: NodeJS.ProcessEnv,
    ports: Readonly<Record<ProcessName, readonly number[]>>,
    withoutKeys: string | undefined,
  ) {
    this.erp = erp;
    this.processor = processor;
    this.#withoutKeys = withoutKeys && { HUB_POSTGRES_URL: withoutKeys };
    this.#env = env;
    this.#ports = ports;
    this.#running = recordOf(() => []);
  }

  static async start(
    { withoutKeys, ...engines }: Engines,
    { env = {}, erp: behaviour, seed, replicas = 1 }: NetworkedHubOptions = {},
  ): Promise<NetworkedHub> {
    const erp = await startErpSimulator({ ...(behaviour && { behaviour }), ...(seed !== undefined && { seed }) });
    const processor = await ProcessorBeside.start(seed);
    const ports = recordOf((): number[] => []);
    for (const name of PROCESSES) for (let replica = 0; replica < replicas; replica++) ports[name].push(await freePort());
    const urlsOf = (name: ProcessName): string => ports[name].map((port) => `http://127.0.0.1:${port}`).join(',');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const hub = new NetworkedHub(
      erp,
      processor,
      {
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
        ERP_URL: erp.url,
        ...processor.env,
        ...env,
      },
      ports,
      withoutKeys,
    );
    try {
      processor.hubAt(`http://127.0.0.1:${ports.gateway[0]}`);
      hub.#management = await openManagement(() => hub.#all().map(({ managementUrl }) => managementUrl));
      await hub.startProcess('integration-service'); // creates the schemas that all others wait for
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
    const child = spawn(process.execPath, [`${name}/main.ts`], {
      cwd: ROOT,
      env: { ...this.#env, ...(name === 'orchestration-service' && this.#withoutKeys), ...env, PORT: String(this.#ports[name][replica]) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { promise, resolve: ready, reject } = Promise.withResolvers<Running>();
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} was not ready in time:\n${this.#output}`));
    }, START_LIMIT_MS);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready:\n${this.#output}`)));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const line = printed.split('\n').find((candidate) => candidate.startsWith('{"url"') && candidate.endsWith('}'));
      if (line) ready({ child, ...(JSON.parse(line) as Omit<Running, 'child'>) });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    try {
      this.#running[name][replica] = await promise;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      clearTimeout(limit);
    }
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

  /** SIGKILL to all. */
  async kill(): Promise<void> {
    await this.#endAll(PROCESSES, 'SIGKILL');
  }

  /** SIGTERM, the gateways first; resolves with the worst exit code. */
  async stop(): Promise<number | null> {
    const codes = [...(await this.#endAll(['gateway'], 'SIGTERM')), ...(await this.#endAll(SERVICES, 'SIGTERM'))];
    return codes.find((code) => code !== 0) ?? 0;
  }

  /** Whatever does not run. */
  async startAgain(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await Promise.all(
      this.#each(PROCESSES).map(async ([name, replica]) => {
        if (!this.#running[name][replica]) await this.startProcess(name, replica, env);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#management?.[Symbol.asyncDispose]();
    await this.erp[Symbol.asyncDispose]();
    await this.processor[Symbol.asyncDispose]();
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

const recordOf = <Value>(make: () => Value): Record<ProcessName, Value> =>
  Object.fromEntries(PROCESSES.map((name) => [name, make()])) as Record<ProcessName, Value>;
