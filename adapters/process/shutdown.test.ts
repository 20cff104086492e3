import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { endOnSignals } from './shutdown.ts';

/** A process that only remembers its exit codes, and a log that is a list of lines. */
const harness = (stillOpen?: readonly string[]) => {
  const clock = manualClock();
  const lines: string[] = [];
  const logger: Logger = {
    debug: () => {},
    info: (message) => void lines.push(message),
    warn: (message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    error: (message, fields, error) => void lines.push(`${message} ${JSON.stringify(fields)} ${String(error)}`),
    child: () => logger,
  };
  const exits: number[] = [];
  const target = Object.assign(new EventEmitter(), {
    exit: (code: number) => void exits.push(code),
    getActiveResourcesInfo: () => ['Timeout', 'TCPSocketWrap', 'Timeout'],
  });
  const draining = Promise.withResolvers<void>();
  let drains = 0;
  const drain = () => {
    drains += 1;
    return draining.promise;
  };
  const ending = endOnSignals({
    logger,
    clock,
    drain,
    deadlineMs: 5_000,
    process: target,
    ...(stillOpen && { stillOpen: () => stillOpen }),
  });
  return { clock, lines, exits, target, draining, ending, drains: () => drains };
};

describe('endOnSignals', () => {
  for (const signal of ['SIGTERM', 'SIGINT'])
    it(`drains on ${signal}, then exits with 0`, async () => {
      const h = harness();
      h.target.emit(signal, signal);
      await h.clock.advance(4_999);
      assert.deepEqual([h.drains(), h.exits], [1, []]);
      h.draining.resolve();
      await h.clock.advance(0);
      assert.deepEqual(h.exits, [0]);
      assert.equal(h.clock.sleepers, 0);
    });

  it('exits at once on a second signal, with the code that names it', async () => {
    const h = harness();
    h.target.emit('SIGTERM', 'SIGTERM');
    h.target.emit('SIGINT', 'SIGINT');
    assert.deepEqual([h.drains(), h.exits], [1, [130]]);
    h.draining.resolve(); // a real process would be gone
    await h.clock.advance(0);
  });

  it('exits with 1 when the deadline passes, and says what was still open', async () => {
    const h = harness(['3 requests', '1 subscription']);
    h.target.emit('SIGTERM', 'SIGTERM');
    await h.clock.advance(5_000);
    assert.deepEqual(h.exits, [1]);
    assert.match(h.lines.at(-1) ?? '', /within 5000 ms .*3 requests, 1 subscription/);
  });

  it('names what keeps the event loop busy when nobody says what is open', async () => {
    const h = harness();
    h.target.emit('SIGTERM', 'SIGTERM');
    await h.clock.advance(5_000);
    assert.match(h.lines.at(-1) ?? '', /2 Timeout, 1 TCPSocketWrap/);
  });

  it('exits with 1 when draining fails, and says why', async () => {
    const h = harness();
    h.target.emit('SIGTERM', 'SIGTERM');
    h.draining.reject(new Error('the disk is gone'));
    await h.clock.advance(0);
    assert.deepEqual(h.exits, [1]);
    assert.match(h.lines.at(-1) ?? '', /closing failed.*the disk is gone/);
  });

  for (const fault of ['uncaughtException', 'unhandledRejection'])
    it(`logs an ${fault} and exits with 1`, () => {
      const h = harness();
      h.target.emit(fault, new TypeError('x is undefined'));
      assert.deepEqual([h.drains(), h.exits], [0, [1]]);
      assert.match(h.lines.at(-1) ?? '', /TypeError: x is undefined/);
    });

  it('listens no more once disposed', () => {
    const h = harness();
    h.ending[Symbol.dispose]();
    assert.deepEqual(h.target.eventNames(), []);
  });

  it('waits for the drain of a real process although nothing else keeps that alive', async () => {
    const script = `
      import { systemClock } from '${import.meta.resolve('./clock.ts')}';
      import { endOnSignals } from '${import.meta.resolve('./shutdown.ts')}';
      const log = (message) => console.log(message);
      const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
      const listening = setInterval(() => {}, 1_000);
      const drain = async () => {
        clearInterval(listening);
        await new Promise((resolve) => setTimeout(resolve, 20).unref());
        console.log('drained');
      };
      endOnSignals({ logger, clock: systemClock(), drain });
      console.log('up');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    assert.match(output, /drained\neverything is closed\n$/);
  });
});
