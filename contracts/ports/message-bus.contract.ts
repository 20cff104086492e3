import assert from 'node:assert/strict';
import { ClosedError } from '../errors.ts';
import { randomId } from '../ids.ts';
import { eventually } from '../testing/eventually.ts';
import type { Hint, MessageBus } from './message-bus.ts';

export interface MessageBusHarness extends AsyncDisposable {
  readonly bus: MessageBus;
  /** Lets the time pass after which the broker hands over again what a handler threw on: moves a clock, or returns at once. */
  passRedelivery(): Promise<void>;
}

/** A consumer whose handler waits until the test lets go of the hint. */
const gatedConsumer = () => {
  const inHand: { readonly hint: Hint; readonly release: () => void }[] = [];
  const seen: string[] = [];
  const onHint = (hint: Hint): Promise<void> =>
    new Promise((resolve) => {
      seen.push(hint.stream);
      const entry = { hint, release: () => (inHand.splice(inHand.indexOf(entry), 1), resolve()) };
      inHand.push(entry);
    });
  return { inHand, seen, onHint };
};

export const messageBusContract = (adapter: string, open: () => Promise<MessageBusHarness>) =>
  describe(`MessageBus contract: ${adapter}`, () => {
    /** Of its own in every test, as brokers outlive them. */
    let queue: string;
    beforeEach(() => {
      queue = `contract.${randomId()}`;
    });
    const hint = (stream: string): Hint => ({ queue, stream, step: 'advance', attempt: 1, partnerId: 'acme' });
    const hints = (count: number): Hint[] => Array.from({ length: count }, (_, index) => hint(`order-${index}`));
    /** Each on its own, so that each is counted. */
    const publishApart = async (bus: MessageBus, count: number): Promise<void> =>
      void (await Promise.all(hints(count).map((one) => bus.publish([one]))));
    const names = (count: number): string[] => hints(count).map(({ stream }) => stream);

    it('hands over every hint as it was published', async () => {
      await using harness = await open();
      const seen: Hint[] = [];
      await harness.bus.consume(queue, { prefetch: 10, onHint: async (one) => void seen.push(one) });
      const sent: Hint[] = [
        { queue, stream: 'order-1', step: 'erp-submit', attempt: 7, partnerId: 'Łódź \u{1f4e6}' },
        { queue, stream: 'delivery-9.order-1', step: 'deliver', attempt: 1, partnerId: '' },
      ];
      await harness.bus.publish(sent);
      await eventually('both hints are seen', () => seen.length >= 2);
      assert.deepEqual(seen, sent);
    });

    it('keeps hints until a consumer comes', async () => {
      await using harness = await open();
      await using first = await harness.bus.consume(queue, { prefetch: 1, onHint: async () => {} });
      await first[Symbol.asyncDispose]();
      await publishApart(harness.bus, 20);
      await eventually('the backlog is counted', async () => (await harness.bus.backlog(queue)) === 20);
      const seen = new Set<string>();
      await harness.bus.consume(queue, { prefetch: 3, onHint: async ({ stream }) => void seen.add(stream) });
      await eventually('all are seen', () => seen.size === 20);
      await eventually('the backlog is empty', async () => (await harness.bus.backlog(queue)) === 0);
    });

    it('gives a consumer nothing of another queue', async () => {
      await using harness = await open();
      const [mine, others] = [gatedConsumer(), gatedConsumer()];
      await harness.bus.consume(queue, { prefetch: 10, onHint: mine.onHint });
      await harness.bus.consume(`${queue}.other`, { prefetch: 10, onHint: others.onHint });
      await harness.bus.publish([hint('order-1'), { ...hint('order-2'), queue: `${queue}.other` }, hint('order-3')]);
      await eventually('all are seen', () => mine.seen.length + others.seen.length === 3);
      assert.deepEqual([mine.seen, others.seen], [['order-1', 'order-3'], ['order-2']]);
      for (const { release } of [...mine.inHand, ...others.inHand]) release();
    });

    it('shares the hints of a queue among its consumers, each hint to one of them', async () => {
      await using harness = await open();
      const [one, two] = [gatedConsumer(), gatedConsumer()];
      await harness.bus.consume(queue, { prefetch: 5, onHint: one.onHint });
      await harness.bus.consume(queue, { prefetch: 5, onHint: two.onHint });
      await publishApart(harness.bus, 10);
      await eventually('both have their hands full', () => one.inHand.length === 5 && two.inHand.length === 5);
      assert.deepEqual(new Set([...one.seen, ...two.seen]), new Set(names(10)));
      for (const { release } of [...one.inHand, ...two.inHand]) release();
    });

    it('never puts more than `prefetch` hints in a consumer’s hands', async () => {
      await using harness = await open();
      let inHand = 0;
      let most = 0;
      let done = 0;
      const onHint = async () => {
        inHand += 1;
        most = Math.max(most, inHand);
        await new Promise((resolve) => setImmediate(resolve));
        inHand -= 1;
        done += 1;
      };
      await harness.bus.consume(queue, { prefetch: 4, onHint });
      await harness.bus.publish(hints(100));
      await eventually('all are done', () => done === 100);
      assert.equal(most, 4);
    });

    it('does not let a publisher wait for a slow consumer', async () => {
      await using harness = await open();
      const stuck = gatedConsumer();
      await using consumer = await harness.bus.consume(queue, { prefetch: 1, onHint: stuck.onHint });
      await publishApart(harness.bus, 100);
      await eventually('the rest waits in the queue', async () => (await harness.bus.backlog(queue)) === 99);
      assert.equal(stuck.seen.length, 1);
      const leaving = consumer[Symbol.asyncDispose]();
      for (const { release } of stuck.inHand) release();
      await leaving;
    });

    it('brings a hint again whose handler threw, and goes on with the others meanwhile', async () => {
      await using harness = await open();
      const seen: string[] = [];
      const onHint = async ({ stream }: Hint) => {
        seen.push(stream);
        if (stream === 'order-0' && seen.filter((one) => one === stream).length < 3) throw new Error('not this time');
      };
      await harness.bus.consume(queue, { prefetch: 1, onHint });
      await harness.bus.publish(hints(3));
      const times = (stream: string) => seen.filter((one) => one === stream).length;
      await eventually('the others are seen', () => times('order-1') > 0 && times('order-2') > 0);
      for (let time = 2; time <= 3; time += 1)
        await eventually(`it is seen for time ${time}`, async () => {
          await harness.passRedelivery();
          return times('order-0') >= time;
        });
      assert.equal(times('order-0'), 3);
    });

    it('waits for the hints in hand when a consumer is disposed, and leaves the others to the next', async () => {
      await using harness = await open();
      const leaving = gatedConsumer();
      const consumer = await harness.bus.consume(queue, { prefetch: 2, onHint: leaving.onHint });
      await harness.bus.publish(hints(5));
      await eventually('two are in hand', () => leaving.inHand.length === 2);
      let gone = false;
      const disposed = consumer[Symbol.asyncDispose]().then(() => (gone = true));
      leaving.inHand[0]?.release();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(gone, false);
      leaving.inHand[0]?.release();
      await disposed;
      assert.equal(leaving.seen.length, 2);
      const next = new Set<string>();
      await harness.bus.consume(queue, { prefetch: 2, onHint: async ({ stream }) => void next.add(stream) });
      const seen = () => new Set([...leaving.seen, ...next]);
      await eventually('the rest is seen', () => seen().size === 5);
      assert.deepEqual(seen(), new Set(names(5)));
    });

    it('waits for the hints in hand when it is closed, and refuses to be used after that', async () => {
      await using harness = await open();
      const busy = gatedConsumer();
      await harness.bus.consume(queue, { prefetch: 1, onHint: busy.onHint });
      await harness.bus.publish(hints(2));
      await eventually('one is in hand', () => busy.inHand.length === 1);
      let closed = false;
      const closing = harness.bus[Symbol.asyncDispose]().then(() => (closed = true));
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(closed, false);
      busy.inHand[0]?.release();
      await closing;
      assert.equal(busy.seen.length, 1);
      await assert.rejects(harness.bus.publish(hints(1)), ClosedError);
      await assert.rejects(harness.bus.consume(queue, { prefetch: 1, onHint: busy.onHint }), ClosedError);
    });
  });
