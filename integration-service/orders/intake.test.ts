import assert from 'node:assert/strict';
import { ReuseError, StorageFullError } from '@sagahub/contracts/errors.ts';
import { orderIdOf } from '@sagahub/contracts/ids.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { entryOf, newPartner, validOrder } from '../testing/orders.ts';
import { openSite, type Site, storeAfter } from '../testing/site.ts';
import type { Entry } from '../intake/entry.ts';
import type { Accepted, OrderIntake } from './intake.ts';

const reused = (code: string, orderId?: string) => (error: unknown) => {
  assert.ok(error instanceof ReuseError, String(error));
  assert.equal(error.code, code);
  if (orderId !== undefined) {
    assert.equal(error.extensions['orderId'], orderId);
    assert.equal((error.extensions['links'] as { self: string }).self, `/api/v1/orders/${orderId}`);
  }
  return true;
};
const brokenCache: KeyValue = {
  get: () => Promise.reject(new Error('connection refused')),
  set: () => Promise.reject(new Error('connection refused')),
  setIfAbsent: () => Promise.reject(new Error('connection refused')),
  delete: () => Promise.reject(new Error('connection refused')),
  increment: () => Promise.reject(new Error('connection refused')),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

describe('order intake', () => {
  let site: Site;
  let partner: Principal;
  let keyed: (idempotencyKey?: string) => Entry;
  before(async () => {
    site = await openSite();
  });
  beforeEach(() => {
    partner = newPartner();
    keyed = (key) => entryOf(partner, key);
  });
  after(() => site[Symbol.asyncDispose]());

  it('records the order before it is accepted, personal data sealed', async () => {
    const { orderId, replayed } = await site.intake.placeOrder(validOrder('PO-1'), keyed('k'));
    assert.equal(orderId, orderIdOf(site.store.namespace, partner.partnerId, 'PO-1'));
    assert.equal(replayed, false);
    const [event] = await site.store.readStream(orderStream(orderId));
    assert.equal(event?.type, 'OrderReceived');
    assert.deepEqual(
      { ...event.data, fingerprint: '', requestKey: '' },
      {
        orderId,
        orderNumber: 'PO-1',
        partnerId: partner.partnerId,
        clientId: partner.clientId,
        currency: 'EUR',
        buyerId: 'C-1',
        lines: [
          { lineNumber: 1, sku: 'SKU-1', quantity: '2', unitPrice: '9.75' },
          { lineNumber: 2, sku: 'SKU-2', quantity: '1', unitPrice: '5' },
        ],
        subtotal: '24.50',
        channel: 'http',
        submission: 1,
        fingerprint: '',
        requestKey: '',
      },
    );
    const { time, correlationId, partnerId, actor, schemaVersion } = event.metadata;
    assert.deepEqual(
      { time, correlationId, partnerId, actor, schemaVersion },
      {
        time: '2026-11-20T10:11:12.345Z',
        correlationId: 'flow-1',
        partnerId: partner.partnerId,
        actor: `client:${partner.clientId}`,
        schemaVersion: 1,
      },
    );
    assert.doesNotMatch(JSON.stringify({ ...event, position: 0 }), /Ada|ada@|Lyon|loading/);
    assert.deepEqual(await open(site.keys, event.stream, event.private!), {
      buyer: { name: 'Ada Keller', email: 'ada@example.test' },
      shipTo: { city: 'Lyon', country: 'FR' },
      note: 'rear loading bay',
    });
  });

  /** What a second request meets after its sender's `PO-1` was accepted with the key `k1` and `PO-2` with `k2`. */
  const second: readonly {
    readonly number: 'PO-1' | 'PO-3';
    readonly content: 'same' | 'other';
    readonly key: string | undefined;
    readonly outcome: 'accepted' | 'replayed' | 'HUB_ORDER_NUMBER_REUSED' | 'HUB_IDEMPOTENCY_KEY_REUSED';
    readonly names?: 'PO-1' | 'PO-2';
  }[] = [
    { number: 'PO-3', content: 'other', key: undefined, outcome: 'accepted' },
    { number: 'PO-3', content: 'other', key: 'new', outcome: 'accepted' },
    { number: 'PO-3', content: 'other', key: 'k2', outcome: 'HUB_IDEMPOTENCY_KEY_REUSED', names: 'PO-2' },
    { number: 'PO-1', content: 'same', key: undefined, outcome: 'replayed' },
    { number: 'PO-1', content: 'same', key: 'new', outcome: 'replayed' },
    { number: 'PO-1', content: 'same', key: 'k1', outcome: 'replayed' },
    { number: 'PO-1', content: 'same', key: 'k2', outcome: 'replayed' },
    { number: 'PO-1', content: 'other', key: undefined, outcome: 'HUB_ORDER_NUMBER_REUSED', names: 'PO-1' },
    { number: 'PO-1', content: 'other', key: 'new', outcome: 'HUB_ORDER_NUMBER_REUSED', names: 'PO-1' },
    { number: 'PO-1', content: 'other', key: 'k1', outcome: 'HUB_ORDER_NUMBER_REUSED', names: 'PO-1' },
    { number: 'PO-1', content: 'other', key: 'k2', outcome: 'HUB_ORDER_NUMBER_REUSED', names: 'PO-1' },
  ];
  const circumstances: Readonly<Record<string, () => Promise<OrderIntake>>> = {
    'in one process': async () => site.intake,
    'after a restart': async () => {
      site = await site.restart();
      return site.intake;
    },
    'with a cache that fails': () => site.openIntake({ cache: brokenCache }),
  };
  for (const [when, openAgain] of Object.entries(circumstances))
    describe(when, () => {
      const senders = second.map(newPartner);
      let ids: { 'PO-1': string; 'PO-2': string }[];
      let intake: OrderIntake;
      before(async () => {
        const placed = (sender: Principal, number: string, key: string) => site.intake.placeOrder(validOrder(number), entryOf(sender, key));
        ids = await Promise.all(
          senders.map(async (sender) => ({
            'PO-1': (await placed(sender, 'PO-1', 'k1')).orderId,
            'PO-2': (await placed(sender, 'PO-2', 'k2')).orderId,
          })),
        );
        intake = await openAgain();
      });

      for (const [row, { number, content, key, outcome, names }] of second.entries())
        it(`answers ${outcome} to number ${number}, ${content} content, key ${key ?? 'none'}, and again`, async () => {
          const sender = senders[row]!;
          const send = () => intake.placeOrder(validOrder(number, content === 'other' ? { note: 'other' } : {}), entryOf(sender, key));
          for (const repeat of [false, true]) {
            if (outcome === 'accepted') assert.equal((await send()).replayed, repeat);
            else if (outcome === 'replayed') assert.deepEqual(await send(), { orderId: ids[row]!['PO-1'], replayed: true });
            else await assert.rejects(send(), reused(outcome, names && ids[row]![names]));
          }
          assert.equal((await site.received(sender.partnerId)).length, outcome === 'accepted' ? 3 : 2);
        });
    });

  it('warns of a cache that fails, and asks it nothing about a first submission', async () => {
    const telemetry = recordTelemetry();
    const intake = await site.openIntake({ cache: brokenCache, telemetry });
    await intake.placeOrder(validOrder(), keyed('k'));
    assert.equal(telemetry.warnings.length, 0);
    await intake.placeOrder(validOrder(), keyed('k'));
    assert.match(telemetry.warnings[0]!.message, /cache/);
  });

  it('reads the log not at all for a first submission, and once for any number of repeats', async () => {
    let reads = 0;
    const intake = await site.openIntake({ store: storeAfter(site.store, { readStream: () => void (reads += 1) }) });
    await intake.placeOrder(validOrder(), keyed('k'));
    assert.equal(reads, 0);
    for (let i = 0; i < 10; i += 1) await intake.placeOrder(validOrder(), keyed('k'));
    assert.equal(reads, 1);
  });

  it('scopes keys to the client and numbers to the partner', async () => {
    const { intake } = site;
    const first = await intake.placeOrder(validOrder('PO-1'), keyed('k'));
    const colleague = { ...partner, clientId: `${partner.clientId}-b` };
    assert.deepEqual(await intake.placeOrder(validOrder('PO-1'), entryOf(colleague)), { ...first, replayed: true });
    assert.equal((await intake.placeOrder(validOrder('PO-2'), entryOf(colleague, 'k'))).replayed, false);
    const theirs = await intake.placeOrder(validOrder('PO-1', { note: 'theirs' }), entryOf(newPartner(), 'k'));
    assert.equal(theirs.replayed, false);
    assert.notEqual(theirs.orderId, first.orderId);
  });

  describe('when 50 come at once', () => {
    const burst = (orderOf: (i: number) => ReturnType<typeof validOrder>, keyOf: (i: number) => string | undefined) =>
      Promise.allSettled(Array.from({ length: 50 }, (_, i) => site.intake.placeOrder(orderOf(i), keyed(keyOf(i)))));
    const fulfilled = (results: readonly PromiseSettledResult<Accepted>[]) =>
      results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    const codes = (results: readonly PromiseSettledResult<Accepted>[]) =>
      results.filter((result) => result.status === 'rejected').map(({ reason }) => (reason as ReuseError).code);

    const keyings: Readonly<Record<string, (i: number) => string | undefined>> = {
      'with one key': () => 'k',
      'with a key each': (i) => `k${i}`,
      'without keys': () => undefined,
      'with and without keys': (i) => (i % 3 === 0 ? undefined : `k${i % 2}`),
    };
    for (const [how, keyOf] of Object.entries(keyings)) {
      it(`makes one order of the same order sent ${how}`, async () => {
        const results = fulfilled(await burst(() => validOrder(), keyOf));
        assert.equal(results.length, 50);
        assert.equal(results.filter(({ replayed }) => !replayed).length, 1);
        assert.equal(new Set(results.map(({ orderId }) => orderId)).size, 1);
        assert.equal((await site.received(partner.partnerId)).length, 1);
      });

      it(`lets one content win when one number is sent with two contents ${how}`, async () => {
        const results = await burst((i) => validOrder('PO-1', { note: i % 2 === 0 ? 'even' : 'odd' }), keyOf);
        assert.equal(fulfilled(results).length, 25);
        assert.equal(fulfilled(results).filter(({ replayed }) => !replayed).length, 1);
        assert.deepEqual(new Set(codes(results)), new Set(['HUB_ORDER_NUMBER_REUSED']));
        assert.equal((await site.received(partner.partnerId)).length, 1);
      });
    }

    it('gives one key to one of 50 orders', async () => {
      const results = await burst(
        (i) => validOrder(`PO-${i}`),
        () => 'k',
      );
      assert.equal(fulfilled(results).length, 1);
      assert.deepEqual(
        codes(results),
        Array.from({ length: 49 }, () => 'HUB_IDEMPOTENCY_KEY_REUSED'),
      );
      assert.equal((await site.received(partner.partnerId)).length, 1);
    });
  });

  it('accepts nothing while the disk is full, and the same request later', async () => {
    const full = new StorageFullError(new Error('ENOSPC'));
    let failing = true;
    const store = storeAfter(site.store, { append: () => (failing ? Promise.reject(full) : Promise.resolve()) });
    const intake = await site.openIntake({ store });
    await assert.rejects(intake.placeOrder(validOrder(), keyed('k')), full);
    failing = false;
    assert.equal((await intake.placeOrder(validOrder(), keyed('k'))).replayed, false);
  });

  it('counts what it accepted and what it replayed', async () => {
    const telemetry = recordTelemetry();
    const intake = await site.openIntake({ telemetry });
    for (let i = 0; i < 3; i += 1) await intake.placeOrder(validOrder(), keyed());
    assert.equal(telemetry.counts.get('hub.orders.received{"channel":"http"}'), 1);
    assert.equal(telemetry.counts.get('hub.orders.replayed{"channel":"http"}'), 2);
  });
});
