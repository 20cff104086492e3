import assert from 'node:assert/strict';
import { messageBusContract } from '@sagahub/contracts/ports/message-bus.contract.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { openInProcessMessageBus } from './message-bus.ts';

const REDELIVER_AFTER_MS = 250;
const harness = async (maxBacklog?: number) => {
  const clock = manualClock();
  const bus = openInProcessMessageBus({ clock, redeliverAfterMs: REDELIVER_AFTER_MS, ...(maxBacklog && { maxBacklog }) });
  return {
    clock,
    bus,
    passRedelivery: () => clock.advance(REDELIVER_AFTER_MS),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
};
const hint = (stream: string): Hint => ({ queue: 'q', stream, step: 'advance', attempt: 1, partnerId: 'acme' });

messageBusContract('in process', () => harness());

describe('in-process message bus', () => {
  it('brings a hint again after the delay, not before', async () => {
    await using h = await harness();
    let seen = 0;
    const onHint = async () => {
      seen += 1;
      throw new Error('always');
    };
    await h.bus.consume('q', { prefetch: 1, onHint });
    await h.bus.publish([hint('order-1')]);
    await h.clock.sleeping(1);
    await h.clock.advance(REDELIVER_AFTER_MS - 1);
    assert.equal(seen, 1);
    await h.clock.advance(1);
    assert.equal(seen, 2);
  });

  it('brings a hint again when the handler throws before it returns a promise', async () => {
    await using h = await harness();
    let seen = 0;
    const onHint = (): Promise<void> => {
      seen += 1;
      if (seen === 1) throw new Error('at once');
      return Promise.resolve();
    };
    await h.bus.consume('q', { prefetch: 1, onHint });
    await h.bus.publish([hint('order-1')]);
    await h.clock.sleeping(1);
    await h.passRedelivery();
    assert.equal(seen, 2);
  });

  it('runs no handler inside publish', async () => {
    await using h = await harness();
    let seen = 0;
    await h.bus.consume('q', { prefetch: 1, onHint: async () => void (seen += 1) });
    await h.bus.publish([hint('order-1')]);
    assert.equal(seen, 0);
    await eventually('it is seen', () => seen === 1);
  });

  it('loses what goes beyond the backlog it may hold, as the sweeper finds it again', async () => {
    await using h = await harness(10);
    await h.bus.publish(Array.from({ length: 15 }, (_, index) => hint(`order-${index}`)));
    assert.equal(await h.bus.backlog('q'), 10);
    const seen: string[] = [];
    await h.bus.consume('q', { prefetch: 100, onHint: async ({ stream }) => void seen.push(stream) });
    await eventually('ten are seen', () => seen.length === 10);
    assert.equal(seen[0], 'order-0');
    assert.equal(await h.bus.backlog('q'), 0);
  });

  it('gets through 200,000 hints, whatever was handed over before', async () => {
    await using h = await harness(200_000);
    let seen = 0;
    await h.bus.consume('q', { prefetch: 256, onHint: async () => void (seen += 1) });
    for (let part = 0; part < 4; part += 1) await h.bus.publish(Array.from({ length: 50_000 }, (_, index) => hint(`order-${index}`)));
    await eventually('all are seen', () => seen === 200_000);
  });
});
