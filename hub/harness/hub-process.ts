import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErpBehaviour } from '@sagahub/simulators/erp/behaviour.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { ApiClient } from './api-client.ts';
import { ProcessorBeside } from './processor.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/sagahub.mjs', import.meta.url));
const PROGRAM = [LAUNCHER, 'start', '--json'];
/** Longest start that a test waits for; the product's own promise (5 s) is measured elsewhere. */
const START_LIMIT_MS = 60_000;

/** The demo clients' secrets in tests; they exist only in the data folder of one test. */
const SECRETS = {
  HUB_DEMO_CLIENT_SECRET: 'test-secret-of-the-demo-client',
  HUB_DEMO_OPERATOR_SECRET: 'test-secret-of-the-operator',
  HUB_DEMO_AUDITOR_SECRET: 'test-secret-of-the-auditor',
};
const SECRET_OF = {
  demo: SECRETS.HUB_DEMO_CLIENT_SECRET,
  operator: SECRETS.HUB_DEMO_OPERATOR_SECRET,
  auditor: SECRETS.HUB_DEMO_AUDITOR_SECRET,
};

/** What `sagahub start --json` prints when it is ready. */
interface Ready {
  readonly url: string;
  readonly managementUrl: string;
  readonly grpcAddress?: string;
}

/** Something a hub has written down: a file, a table. */
export interface Stored {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface HubOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly erp?: Partial<ErpBehaviour>;
  /** Of the ERP's chances. */
  readonly seed?: number;
}

/**
 * A whole hub in a process of its own on a data folder of its own, with a simulated ERP and payment processor in this process: it can be
 * killed and started again without those forgetting anything.
 */
export class HubProcess implements AsyncDisposable {
  readonly folder: string;
  readonly erp: ErpSimulator;
  readonly processor: ProcessorBeside;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #ready: Ready | undefined;
  #output = '';

  private constructor(folder: string, erp: ErpSimulator, processor: ProcessorBeside, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.erp = erp;
    this.processor = processor;
    this.#env = env;
  }

  static async start(options: HubOptions = {}): Promise<HubProcess> {
    const hub = await HubProcess.create(options);
    await hub.startAgain();
    return hub;
  }

  /** Nothing but the ERP and the processor runs yet. */
  static async create(options: HubOptions = {}): Promise<HubProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'sagahub-test-'));
    const erp = await startErpSimulator({
      ...(options.erp && { behaviour: options.erp }),
      ...(options.seed !== undefined && { seed: options.seed }),
    });
    const processor = await ProcessorBeside.start(options.seed);
    return new HubProcess(folder, erp, processor, {
      HUB_DATA_DIR: join(folder, 'data'),
      PORT: '0',
      HUB_MANAGEMENT_PORT: '0',
      HUB_LOG_LEVEL: 'warn',
      ERP_URL: erp.url,
      ...processor.env,
      ...SECRETS,
      ...options.env,
    });
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }
  /** Everything in the data folder, but for the demo clients' secrets in their file. */
  async stored(): Promise<readonly Stored[]> {
    const names = (await readdir(this.dataFolder)).filter((name) => name !== 'demo-credentials.json');
    return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(this.dataFolder, name)) })));
  }
  get url(): string {
    return this.#running().url;
  }
  get managementUrl(): string {
    return this.#running().managementUrl;
  }
  /** Only with `HUB_GRPC_PORT`. */
  get grpcAddress(): string {
    return this.#running().grpcAddress ?? '';
  }
  get pid(): number {
    return this.#child!.pid!;
  }
  /** Everything the hub printed, for a failing test's message. */
  get output(): string {
    return this.#output;
  }
  /** The environment it runs with, for command lines beside it. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** A client that gets itself a token; it follows the hub to its new port after a restart. */
  client(name: keyof typeof SECRET_OF): ApiClient {
    return new ApiClient(() => this.url, name, this.secretOf(name));
  }

  /** For command lines beside it. */
  secretOf(name: keyof typeof SECRET_OF): string {
    return SECRET_OF[name];
  }

  /** @param program another one that prints the same line when it is ready; default: `sagahub start --json` */
  async startAgain(env: Readonly<Record<string, string>> = {}, program: readonly string[] = PROGRAM): Promise<void> {
    const child = spawn(process.execPath, program, {
      env: { ...process.env, ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<Ready>();
    const limit = setTimeout(() => reject(new Error(`the hub was not ready in time:\n${this.#output}`)), START_LIMIT_MS);
    child.once('exit', (code) => reject(new Error(`the hub ended with ${code} before it was ready:\n${this.#output}`)));
    let lines = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      lines += text;
      const line = lines.split('\n').find((candidate) => candidate.startsWith('{"url"'));
      if (line?.endsWith('}')) resolve(JSON.parse(line) as Ready);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    try {
      this.#ready = await promise;
      this.processor.hubAt(this.#ready.url);
    } finally {
      clearTimeout(limit);
    }
  }

  /** Resolves when it ended by itself: with the exit code, or with the signal that killed it. */
  async ended(): Promise<number | NodeJS.Signals> {
    const child = this.#child;
    if (!child) throw new Error('the hub is not running');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    this.#child = undefined;
    this.#ready = undefined;
    return child.signalCode ?? child.exitCode!;
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: drains; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL');
    await this.erp[Symbol.asyncDispose]();
    await this.processor[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    this.#child = undefined;
    this.#ready = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  #running(): Ready {
    if (!this.#ready) throw new Error('the hub is not running');
    return this.#ready;
  }
}
