import assert from 'node:assert/strict';
import type { Statement } from './database.ts';
import { openHubDatabase } from './hub-database.ts';
import { followServerTime } from './server-time.ts';
import { privateServer } from './testing/hub-harness.ts';
import { systemClock } from '../process/clock.ts';

const server = privateServer();

/** A server and a process whose clocks go as the test says. */
const scene = () => {
  let processMs = 500;
  let serverMs = 1_000_000;
  let underWayMs = 0;
  let away = false;
  const asleep: (() => void)[] = [];
  const pass = (ms: number): void => {
    processMs += ms;
    serverMs += ms;
  };
  const database = {
    rows: async <Row extends readonly unknown[]>(_statement: Statement): Promise<Row[]> => {
      pass(underWayMs / 2);
      if (away) throw new Error('away');
      const row = [serverMs];
      pass(underWayMs / 2);
      return [row as unknown as Row];
    },
  };
  const sleep = (_ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      asleep.push(resolve);
      signal?.addEventListener('abort', () => resolve());
    });
  return {
    pass,
    follow: () => followServerTime(database, { sleep }, () => processMs),
    setServer: (ms: number) => (serverMs += ms),
    slowNetwork: (ms: number) => (underWayMs = ms),
    serverIsAway: (is: boolean) => (away = is),
    /** It asks, and goes to sleep again. */
    askAgain: async () => {
      asleep.shift()?.();
      while (asleep.length === 0) await new Promise((resolve) => setImmediate(resolve));
    },
    serverMs: () => serverMs,
  };
};

describe('time of the PostgreSQL server', () => {
  it('is what the server says, and goes on by itself until it is asked again', async () => {
    const { follow, pass, serverMs } = scene();
    await using time = await follow();
    assert.equal(time.now(), 1_000_000);
    pass(2_500);
    assert.equal(time.now(), serverMs());
  });

  it('follows the server when that was set, and keeps counting while it is away', async () => {
    const { follow, pass, setServer, askAgain, serverIsAway, serverMs } = scene();
    await using time = await follow();
    setServer(60_000);
    await askAgain();
    assert.equal(time.now(), serverMs());
    serverIsAway(true);
    pass(10_000);
    await askAgain();
    assert.equal(time.now(), serverMs());
  });

  it('is not moved to and fro by answers that are long under way', async () => {
    const { follow, slowNetwork, askAgain, setServer, serverMs } = scene();
    await using time = await follow();
    slowNetwork(400);
    setServer(150);
    await askAgain();
    assert.equal(time.now(), serverMs() - 150, 'the difference is within what such an answer can tell');
    setServer(2_000);
    await askAgain();
    assert.equal(time.now(), serverMs());
  });

  it('is asked of a real one', async () => {
    await using database = await openHubDatabase({ url: await server().createDatabase() });
    const beforeMs = Date.now();
    await using time = await followServerTime(database, systemClock());
    assert.ok(time.now() >= beforeMs - 1_000 && time.now() <= Date.now() + 1_000, `${time.now()} at ${beforeMs}`);
  });
});
