import type { Connector } from '@sagahub/contracts/ports/connector.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { AttemptContext } from '../deliveries/attempt.ts';
import { GuardedCalls } from '../deliveries/guarded-calls.ts';
import { deliverer } from '../deliveries/worker.ts';
import type { BreakerOptions } from '../resilience/breaker.ts';
import { ConnectorBreaker } from '../resilience/connector-breaker.ts';
import { Deadlines } from '../resilience/deadlines.ts';
import { type ModelRuntime, type ModelStore, modelOpenWork } from './model-runtime.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';

export const BREAKER: BreakerOptions = {
  consecutiveFailures: 5,
  failureShare: 0.5,
  windowMs: 10_000,
  minimumCalls: 20,
  openMs: 10_000,
};

/** Between the attempts of a round. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 16_000];

export interface ProcessOptions {
  /** It dies at this crossing of its border, counted from 1: each call of runtime or connector crosses it on the way out and on the way back. */
  readonly diesAt?: number;
  readonly delaysMs?: readonly number[];
  readonly keys?: KeyStore;
}

/**
 * A worker as one process runs it, which may die anywhere: from then on nothing it does reaches the outside, and nothing that comes back
 * reaches it.
 */
export class MortalProcess {
  readonly handle: (hint: Hint) => Promise<void>;
  readonly context: AttemptContext;
  readonly #life: Life;

  static async start(
    runtime: ModelRuntime,
    store: ModelStore,
    connector: Connector,
    { diesAt, delaysMs = RETRY_DELAYS_MS, keys }: ProcessOptions = {},
  ): Promise<MortalProcess> {
    const life: Life = { isOver: false, crossingsLeft: diesAt ?? Infinity };
    const { clock } = runtime;
    const queue = `outbound.${connector.name}`;
    const reachable = mortal<SagaRuntime>(runtime, life);
    const breaker = await ConnectorBreaker.open(
      { ...BREAKER, connector: connector.name, queue, resumePerSecond: 100 },
      { store: store as never, openWork: modelOpenWork(queue, 1), runtime: reachable, clock, logger: silentTelemetry.logger },
    );
    const callable = mortal(connector, life);
    return new MortalProcess(life, {
      connector: callable,
      calls: new GuardedCalls(callable, clock, silentTelemetry),
      breaker,
      deadlines: new Deadlines(connector.timeoutMs, clock),
      retry: { delaysMs, random: () => 0.5 },
      runtime: reachable,
      keys: keys ?? ({} as KeyStore),
      clock,
      logger: silentTelemetry.logger,
      logId: store.logId,
    });
  }

  private constructor(life: Life, context: AttemptContext) {
    this.#life = life;
    this.context = context;
    this.handle = deliverer(context, silentTelemetry);
  }

  get isDead(): boolean {
    return this.#life.isOver;
  }
}

interface Life {
  isOver: boolean;
  crossingsLeft: number;
}

const NEVER_AGAIN = new Promise<never>(() => undefined);

/** Every method call crosses the border of the process twice. */
const mortal = <Port extends object>(port: Port, life: Life): Port =>
  new Proxy(port, {
    get: (target, name) => {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await crossing(life);
        const result: unknown = await Reflect.apply(member, target, args);
        await crossing(life);
        return result;
      };
    },
  });

const crossing = async (life: Life): Promise<void> => {
  life.crossingsLeft -= 1;
  if (life.crossingsLeft <= 0) life.isOver = true;
  if (life.isOver) await NEVER_AGAIN;
};
