import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { programOf } from '../bundle.ts';
import { ROOT } from '../source-files.ts';

/** Environment variable: the environments of the hubs, as a JSON list. */
export const FLEET = 'HUB_TEST_FLEET';

/** A line of the fleet's output. */
export interface MemberReady {
  readonly member: number;
  readonly url: string;
  readonly managementUrl: string;
}

const PROGRAM = 'tests/faults/fleet-process.ts';
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));
/** Only bounds a failing run. */
const START_LIMIT_MS = 120_000;

const SECRETS = { demo: 'secret-of-the-demo-client', operator: 'secret-of-the-operator', auditor: 'secret-of-the-auditor' };

/** Fast enough that a round takes a second, and slow enough that late commits are really late. */
export const IMPATIENT: Readonly<Record<string, string>> = {
  HUB_ERP_TIMEOUT: '400ms',
  HUB_ERP_RETRY_DELAYS: '50ms,100ms,200ms,400ms',
  HUB_ERP_SETTLE: '900ms',
  HUB_BREAKER_OPEN: '300ms',
};

/** One hub of a fleet with the simulated ERP behind it, which lives in this process and forgets nothing. */
export class FleetMember {
  readonly name: string;
  readonly erp: ErpSimulator;
  readonly demo = this.#client('demo');
  readonly operator = this.#client('operator');
  readonly auditor = this.#client('auditor');
  ready: MemberReady | undefined;

  constructor(name: string, erp: ErpSimulator) {
    this.name = name;
    this.erp = erp;
  }

  get managementUrl(): string {
    return this.#running().managementUrl;
  }

  #client(id: keyof typeof SECRETS): ApiClient {
    return new ApiClient(() => this.#running().url, id, SECRETS[id]);
  }

  #running(): MemberReady {
    if (!this.ready) throw new Error(`${this.name} is not running`);
    return this.ready;
  }
}

/** Hubs that are killed together. */
export class HubFleet implements AsyncDisposable {
  readonly members: readonly FleetMember[];
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(folder: string, members: readonly FleetMember[]) {
    this.#folder = folder;
    this.members = members;
  }

  /** Nothing runs yet. @param seed of the ERPs' chances */
  static async create(size: number, seed: number): Promise<HubFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'sagahub-fleet-'));
    const erps = await Promise.all(Array.from({ length: size }, (_, index) => startErpSimulator({ seed: seed * 100 + index })));
    return new HubFleet(
      folder,
      erps.map((erp, index) => new FleetMember(`hub ${index + 1}`, erp)),
    );
  }

  /** Resolves when every member is ready. */
  async start(): Promise<void> {
    const child = this.#spawn();
    await Promise.race([
      this.#allReady(child),
      once(child, 'exit').then(([code, signal]) => this.#fail(`ended with ${code ?? signal} before it was ready`)),
      sleep(START_LIMIT_MS, undefined, { ref: false }).then(() => this.#fail('was not ready in time')),
    ]);
  }

  /** Killed so long after it was started, ready or not. */
  async startAndKill(afterMs: number): Promise<void> {
    const child = this.#spawn();
    void this.#allReady(child);
    await Promise.race([
      sleep(afterMs),
      once(child, 'exit').then(([code, signal]) => this.#fail(`ended with ${code ?? signal} by itself`)),
    ]);
    await this.kill();
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    for (const member of this.members) member.ready = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** What became of the process when nobody killed it, and what it printed; for a failing test's message. */
  get report(): string {
    const ended = this.#child && (this.#child.signalCode ?? this.#child.exitCode);
    return `the fleet ${ended === null || ended === undefined ? 'is running' : `ended by itself with ${ended}`}; it printed:\n${this.#output}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Promise.all(this.members.map(({ erp }) => erp[Symbol.asyncDispose]()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const environments = this.members.map((member, index) => ({
      ...IMPATIENT,
      HUB_DATA_DIR: join(this.#folder, String(index)),
      PORT: '0',
      HUB_MANAGEMENT_PORT: '0',
      HUB_LOG_LEVEL: 'error',
      ERP_URL: member.erp.url,
      HUB_DEMO_CLIENT_SECRET: SECRETS.demo,
      HUB_DEMO_OPERATOR_SECRET: SECRETS.operator,
      HUB_DEMO_AUDITOR_SECRET: SECRETS.auditor,
    }));
    const child = spawn(process.execPath, [programOf(ROOT, PROGRAM)], {
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, [FLEET]: JSON.stringify(environments) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#output = (this.#output + text).slice(-20_000)));
    this.#child = child;
    return child;
  }

  /** Never settles when the process ends before. */
  #allReady(child: ChildProcess): Promise<void> {
    let missing = this.members.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    createInterface(child.stdout!).on('line', (line) => {
      if (!line.startsWith('{"member"')) return;
      const ready = JSON.parse(line) as MemberReady;
      if (child === this.#child) this.members[ready.member]!.ready = ready;
      if (--missing === 0) resolve();
    });
    return promise;
  }

  #fail(what: string): never {
    throw new Error(`the fleet ${what}:\n${this.#output}`);
  }
}
