import { ClosedError } from '@sagahub/contracts/errors.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import { Redis } from 'ioredis';
import { type Engine, type EngineHealth, requireScheme, unavailable } from '../engine/engine.ts';
import type { Starting } from '../engine/starting.ts';

export interface RedisKeyValueOptions extends Starting {
  /** `redis://` or `rediss://` (TLS), with user, password and database: `rediss://hub:secret@redis.example:6380/0` */
  readonly url: string;
  /** Begins every key. Default `sagahub:`. */
  readonly prefix?: string;
  /** Connected or not, opening ends after this time: the hub works without Redis, only slower. Default 5,000. */
  readonly startWithinMs?: number;
  /** A call without an answer for so long fails, and the connection is made anew. Default 1,000. */
  readonly timeoutMs?: number;
}

/**
 * Adds to a number and gives it an expiry when it has none, in one step, so that no counter can be left without one.
 * The sum goes back as text: Redis cuts numbers that come from Lua to integers.
 */
const INCREMENT = `
local sum = redis.call('INCRBYFLOAT', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2])
  redis.call('PEXPIRE', KEYS[1], left)
end
return { sum, left }`;

type Scripted = Redis & { incrementFor(key: string, by: number, ttlMs: number): Promise<[sum: string, leftMs: number]> };

/**
 * Redis 6.2 or newer as the store of caches, limits and shared counts.
 *
 * While Redis is away every call fails at once with `UnavailableError`: nothing is queued for it and nothing is sent twice, so that no
 * counter counts twice. The connection is made again in the background, with pauses from 50 ms to 2 s.
 */
export const openRedisKeyValue = async (options: RedisKeyValueOptions): Promise<KeyValue & EngineHealth> => {
  const engine: Engine = { name: 'Redis', url: options.url, setting: 'HUB_REDIS_URL' };
  requireScheme(engine, 'redis', 'rediss');
  const { timeoutMs = 1_000, startWithinMs = 5_000, logger } = options;
  const redis = new Redis(options.url, {
    lazyConnect: true,
    keyPrefix: options.prefix ?? 'sagahub:',
    connectionName: 'sagahub',
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    enableAutoPipelining: true,
    connectTimeout: 5_000,
    commandTimeout: timeoutMs,
    socketTimeout: timeoutMs, // a connection that has died silently is noticed by the first call that gets no answer
    retryStrategy: (tries) => Math.min(2_000, 50 * 2 ** Math.min(tries, 6)),
    reconnectOnError: (error) => (replyCode(error) === 'READONLY' ? 2 : false), // a failover: the old primary refused, so it is safe to repeat
    scripts: { incrementFor: { lua: INCREMENT, numberOfKeys: 1 } },
  }) as Scripted;
  const store = new RedisKeyValue(redis, engine);
  let lost: string | undefined;
  redis.on('error', (error: Error) => {
    const { message } = unavailable(engine, withReplyCode(error));
    if (lost !== message) logger.warn('Redis is away', { reason: message });
    lost = message;
    options.onWaiting?.(message);
  });
  redis.on('ready', () => {
    if (lost !== undefined) logger.info('Redis is back');
    lost = undefined;
    options.onWaiting?.(undefined);
  });
  await firstConnection(redis, startWithinMs, options);
  return store;
};

/** Resolves when the first connection is there, or when it is time to go on without. */
const firstConnection = async (redis: Redis, withinMs: number, { clock, signal }: Starting): Promise<void> => {
  const connected = new AbortController();
  const ready = () => connected.abort();
  redis.once('ready', ready);
  redis.connect().catch(() => {}); // told by the `error` event; the next try is under way
  await clock.sleep(withinMs, signal ? AbortSignal.any([signal, connected.signal]) : connected.signal);
  redis.off('ready', ready);
};

class RedisKeyValue implements KeyValue, EngineHealth {
  readonly #redis: Scripted;
  readonly #engine: Engine;
  #closed = false;

  constructor(redis: Scripted, engine: Engine) {
    this.#redis = redis;
    this.#engine = engine;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#call(() => this.#redis.get(key))) ?? undefined;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#call(() => this.#redis.set(key, value, 'PX', wholeMs(ttlMs)));
  }

  async setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean> {
    return (await this.#call(() => this.#redis.set(key, value, 'PX', wholeMs(ttlMs), 'NX'))) === 'OK';
  }

  async delete(key: string): Promise<void> {
    await this.#call(() => this.#redis.del(key));
  }

  async increment(key: string, by: number, ttlMs: number): Promise<{ readonly value: number; readonly expiresInMs: number }> {
    const [sum, leftMs] = await this.#call(() => this.#redis.incrementFor(key, by, wholeMs(ttlMs)));
    return { value: Number(sum), expiresInMs: leftMs };
  }

  async health(): Promise<HealthCheck> {
    const name = 'redis:connection';
    try {
      await this.#call(() => this.#redis.ping());
      return { name, status: 'pass' };
    } catch (error) {
      return { name, status: 'warn', output: error instanceof Error ? error.message : String(error) }; // the hub works without it
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#redis.disconnect();
  }

  async #call<T>(command: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ClosedError('the key-value store');
    try {
      return await command();
    } catch (error) {
      if (this.#closed) throw new ClosedError('the key-value store');
      const code = replyCode(error);
      // Redis answered, and refused: only some of its codes mean that it cannot at the moment, the others are faults of the call.
      if (code !== undefined && !UNABLE.has(code)) throw error;
      throw unavailable(this.#engine, withReplyCode(error));
    }
  }
}

/** Codes of replies that say: not now, or not with this user. Anything else that Redis answers is a fault of the call. */
const UNABLE = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'BUSY',
  'OOM',
  'MISCONF',
  'NOREPLICAS',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
]);

/** The first word of what Redis answered, which is its code; `undefined` when it did not answer. */
const replyCode = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+/.exec(error.message)?.[0] : undefined;

const withReplyCode = (error: unknown): unknown => {
  const code = replyCode(error);
  return code === undefined ? error : Object.assign(error as Error, { code });
};

/** Redis counts in whole milliseconds and refuses 0. */
const wholeMs = (ttlMs: number): number => Math.max(1, Math.ceil(ttlMs));
