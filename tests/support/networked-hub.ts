import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import type { HubOptions } from '@sagahub/hub/harness/hub-process.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { freePort } from '../servers/local-server.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const START_LIMIT_MS = 60_000;
const ADMIN_SECRET = 'test-secret-of-the-admin';
const SERVICES = ['integration-service', 'orchestration-service', 'outbound-service', 'read-model'] as const;
export type ProcessName = (typeof SERVICES)[number] | 'gateway';

/** The engines a networked hub runs on. */
export interface Engines {
  readonly HUB_POSTGRES_URL: string;
  readonly HUB_REDIS_URL: string;
  readonly HUB_RABBITMQ_URL: string;
  readonly HUB_MONGODB_URL: string;
  readonly HUB_EVENT_STORE_URL?: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly managementUrl: string;
}

/** The hub in five processes on real engines, with a simulated ERP in this one. */
export class NetworkedHub implements AsyncDisposable {
  readonly erp: ErpSimulator;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ports: Readonly<Record<string, number>>;
  readonly #running = new Map<ProcessName, Running>();
  readonly #secrets = new Map<string, string>();
  #output = '';

  private constructor(erp: ErpSimulator, env: NodeJS.ProcessEnv, ports: Readonly<Record<string, number>>) {
    this.erp = erp;
    this.#env = env;
    this.#ports = ports;
  }

  static async start(engines: Engines, { env = {}, erp: behaviour, seed }: HubOptions = {}): Promise<NetworkedHub> {
    const erp = await startErpSimulator({ ...(behaviour && { behaviour }), ...(seed !== undefined && { seed }) });
    const ports: Record<string, number> = {};
    for (const name of [...SERVICES, 'gateway']) ports[name] = await freePort();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const hub = new NetworkedHub(
      erp,
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
        HUB_PUBLIC_URL: `http://127.0.0.1:${ports['gateway']}`,
        HUB_INTEGRATION_URL: `http://127.0.0.1:${ports['integration-service']}`,
        HUB_ORCHESTRATION_URL: `http://127.0.0.1:${ports['orchestration-service']}`,
        HUB_OUTBOUND_URL: `http://127.0.0.1:${ports['outbound-service']}`,
        HUB_READ_MODEL_URL: `http://127.0.0.1:${ports['read-model']}`,
        ERP_URL: erp.url,
        ...env,
      },
      ports,
    );
    await hub.startProcess('integration-service');
    await Promise.all([...SERVICES.slice(1), 'gateway' as const].map((name) => hub.startProcess(name)));
    await hub.#addClients();
    return hub;
  }

  get url(): string {
    return this.#process('gateway').url;
  }
  /** Where `/stats` is. */
  get managementUrl(): string {
    return this.#process('read-model').managementUrl;
  }
  /** Those that run now. */
  get processes(): ReadonlyMap<ProcessName, { readonly pid: number; readonly managementUrl: string }> {
    return new Map([...this.#running].map(([name, { child, managementUrl }]) => [name, { pid: child.pid!, managementUrl }]));
  }
  get output(): string {
    return this.#output;
  }

  client(name: 'demo' | 'operator' | 'auditor'): ApiClient {
    return new ApiClient(() => this.url, name, this.#secrets.get(name) ?? '');
  }

  async startProcess(name: ProcessName): Promise<void> {
    const child = spawn(process.execPath, [`${name}/main.ts`], {
      cwd: ROOT,
      env: { ...this.#env, PORT: String(this.#ports[name]) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { promise, resolve: ready, reject } = Promise.withResolvers<Running>();
    const limit = setTimeout(() => reject(new Error(`${name} was not ready in time:\n${this.#output}`)), START_LIMIT_MS);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready:\n${this.#output}`)));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const line = printed.split('\n').find((candidate) => candidate.startsWith('{"url"') && candidate.endsWith('}'));
      if (line) ready({ child, ...(JSON.parse(line) as { url: string; managementUrl: string }) });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    try {
      this.#running.set(name, await promise);
    } finally {
      clearTimeout(limit);
    }
  }

  async end(name: ProcessName, signal: NodeJS.Signals): Promise<number | null> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (!running || running.child.exitCode !== null || running.child.signalCode !== null) return running?.child.exitCode ?? null;
    const ended = once(running.child, 'exit');
    running.child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  /** SIGKILL to all five. */
  async kill(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.end(name, 'SIGKILL')));
  }

  /** SIGTERM, the gateway first; resolves with the worst exit code. */
  async stop(): Promise<number | null> {
    const codes = [await this.end('gateway', 'SIGTERM'), ...(await Promise.all(SERVICES.map((name) => this.end(name, 'SIGTERM'))))];
    return codes.find((code) => code !== 0) ?? 0;
  }

  async startAgain(): Promise<void> {
    await Promise.all([...SERVICES, 'gateway' as const].map((name) => this.startProcess(name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.erp[Symbol.asyncDispose]();
  }

  async #addClients(): Promise<void> {
    const admin = new ApiClient(() => this.url, 'admin', ADMIN_SECRET);
    await admin.post('/api/v1/admin/partners', { partnerId: 'demo', name: 'Demo partner' });
    const scopes = {
      demo: ['orders:read', 'orders:write', 'webhooks:manage'],
      operator: ['admin', 'orders:read'],
      auditor: ['audit:read', 'audit:personal'],
    };
    for (const [clientId, granted] of Object.entries(scopes)) {
      const { status, body, text } = await admin.post('/api/v1/admin/partners/demo/clients', { clientId, scopes: granted });
      if (status !== 201) throw new Error(`${clientId} could not be added: ${status} ${text}\n${this.#output}`);
      this.#secrets.set(clientId, body.clientSecret);
    }
  }

  #process(name: ProcessName): Running {
    const running = this.#running.get(name);
    if (!running) throw new Error(`${name} is not running`);
    return running;
  }
}
