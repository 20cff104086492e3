import assert from 'node:assert/strict';
import type { Answer } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/payment-processor/behaviour.ts';
import { createParser } from 'eventsource-parser';
import { Webhook } from 'standardwebhooks';
import { WebhookReceiver } from '../support/webhook-receiver.ts';
import { journeyHub } from './journey.ts';

/** Many calls fail here, on purpose: that is no reason to stop asking. */
const ENV = { HUB_BREAKER_FAILURES: '1000', HUB_BREAKER_MINIMUM_CALLS: '100000', HUB_PAYMENT_RETRY_DELAYS: '10ms,20ms' };

describe('journey: a payment is told, shown and helped on', () => {
  const journey = journeyHub({ env: ENV });
  const demo = () => journey.hub.client('demo');
  const operator = () => journey.hub.client('operator');
  const behave = (change: Partial<typeof WELL_BEHAVED>) => journey.hub.processor.simulator.behave(change);
  let receiver: WebhookReceiver;
  let secret: string;
  before(async () => {
    receiver = await WebhookReceiver.start();
    secret = (await demo().post('/api/v1/webhooks', { url: receiver.url('/payments') })).body.secret;
  });
  after(() => receiver?.[Symbol.asyncDispose]());
  afterEach(() => behave(WELL_BEHAVED));

  let count = 0;
  const pay = async (token = 'tok_visa'): Promise<string> => {
    const answer = await demo().post('/api/v1/payments', {
      paymentReference: `TOLD-${(count += 1)}`,
      amount: '89.60',
      currency: 'EUR',
      method: { type: 'card', token },
      payer: { id: 'C-1001', name: 'Ada Keller', email: 'ada@example.test' },
    });
    assert.equal(answer.status, 202, answer.text);
    return answer.body.paymentId;
  };
  const paymentIn = async (paymentId: string, status: string): Promise<any> => {
    const found = await until<Answer>(
      `payment ${paymentId} becoming ${status}`,
      () => demo().get(`/api/v1/payments/${paymentId}`),
      ({ body }) => body.status === status,
    );
    return found.body;
  };
  const told = (paymentId: string) => receiver.at('/payments').filter(({ body }) => body.data.paymentId === paymentId);
  const act = (paymentId: string, name: string, body: object) => operator().post(`/api/v1/admin/payments/${paymentId}/${name}`, body);
  const stuck = async (): Promise<string> => {
    await behave({ failureRate: 1 });
    const paymentId = await pay();
    await paymentIn(paymentId, 'stuck');
    return paymentId;
  };

  it('by webhook, signed and without personal data; in lists, by number, with what subscribers were told in the timeline', async () => {
    const paymentId = await pay();
    const payment = await paymentIn(paymentId, 'approved');
    await receiver.until('/payments', () => told(paymentId).length === 3);
    const types = new Set(told(paymentId).map(({ body }): string => body.type));
    assert.deepEqual(types, new Set(['payment.received', 'payment.authorizing', 'payment.approved']));
    const { text, headers } = told(paymentId).find(({ body }) => body.type === 'payment.approved')!;
    assert.deepEqual(new Webhook(secret).verify(text, headers), {
      type: 'payment.approved',
      timestamp: payment.endedAt,
      data: {
        paymentId,
        paymentReference: payment.paymentReference,
        amount: '89.60',
        currency: 'EUR',
        receivedAt: payment.receivedAt,
        links: { self: `/api/v1/payments/${paymentId}` },
        status: 'approved',
        processorRef: payment.processorRef,
      },
    });
    assert.ok(!receiver.received.some((message) => /tok_visa|Keller|ada@example/.test(message.text)), 'no personal data leaves');
    assert.deepEqual([payment.payer.name, payment.method.token], ['Ada Keller', 'tok_visa']);
    const listed = await until<Answer>(
      'the payment being listed',
      () => demo().get(`/api/v1/payments?status=approved&paymentReference=${payment.paymentReference}`),
      ({ body }) => body.items.length > 0,
    );
    assert.equal(listed.body.items[0].paymentId, paymentId);
    const timeline = await until<Answer>(
      'the timeline telling of three messages',
      () => demo().get(`/api/v1/payments/${paymentId}/timeline`),
      ({ body }) => body.entries.filter(({ area }: { area: string }) => area === 'webhook').length === 3,
    );
    assert.deepEqual(
      timeline.body.entries.filter(({ area }: { area: string }) => area !== 'webhook').map(({ title }: { title: string }) => title),
      ['Payment received', 'To be sent to the processor', 'Payment approved'],
    );
  });

  /** A letter is listed a moment behind its payment. */
  const listedLetter = async (deadLetterId: string): Promise<any> =>
    (
      await until<Answer>(
        'the dead letter being listed',
        () => operator().get(`/api/v1/admin/dead-letters/${deadLetterId}`),
        ({ status }) => status === 200,
      )
    ).body;

  it('by event stream, from where a client was cut off', async () => {
    const paymentId = await pay();
    await paymentIn(paymentId, 'approved');
    const read = async (headers: Record<string, string>, enough: number): Promise<{ id: string; type: string }[]> => {
      const stop = new AbortController();
      const path = `/api/v1/payments/${paymentId}/timeline`;
      const response = await demo().open('GET', path, { headers: { accept: 'text/event-stream', ...headers }, signal: stop.signal });
      const seen: { id: string; type: string }[] = [];
      const parser = createParser({ onEvent: ({ id = '', data }) => seen.push({ id, type: JSON.parse(data).type }) });
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        parser.feed(chunk);
        if (seen.length >= enough) break;
      }
      stop.abort();
      return seen;
    };
    const all = await read({}, 3);
    assert.deepEqual(
      all.map(({ type }) => type),
      ['PaymentReceived', 'AuthorizationRequested', 'PaymentApproved'],
    );
    assert.deepEqual(await read({ 'last-event-id': all[0]!.id }, 2), all.slice(1));
  });

  it('in the work list once it is stuck, and goes on by a redrive with an outcome that is read off its events', async () => {
    const paymentId = await stuck();
    const { body } = await until<Answer>(
      'the work list showing it',
      () => operator().get('/api/v1/admin/work?flow=payment&state=stuck'),
      ({ body: page }) => page.items.length > 0,
    );
    const [item] = body.items;
    assert.deepEqual(
      [item.objectId, item.health.cause, item.links.object],
      [paymentId, 'processor:http-500', `/api/v1/payments/${paymentId}`],
    );
    const letter = await listedLetter(item.health.deadLetterId);
    assert.deepEqual([letter.flow, letter.origin, letter.payload.paymentReference], ['payment', 'processor', item.number]);
    assert.doesNotMatch(JSON.stringify(letter), /tok_visa|Keller/);
    await behave(WELL_BEHAVED);
    // The cause as the work list names it.
    const job = await operator().post('/api/v1/admin/redrives', { filter: { cause: item.health.cause }, reason: 'the processor is back' });
    const done = await until<Answer>(
      'the redrive ending',
      () => operator().get(`/api/v1/admin/redrives/${job.body.redriveId}`),
      ({ body: redrive }) => redrive.status === 'finished',
    );
    assert.equal(done.body.counts.applied, 1);
    assert.equal((await paymentIn(paymentId, 'approved')).deadLetters[0].state, 'redriven');
    await receiver.until('/payments', () => told(paymentId).some(({ body: message }) => message.type === 'payment.resumed'));
  });

  it('tried again, given up and resolved by hand by operators, each with a reason', async () => {
    const [retried, givenUp, found] = [await stuck(), await stuck(), await stuck()];
    const live = { processor: 'live', processorRef: 'T-4711', reason: 'found by hand; the answer was lost' };
    assert.equal((await act(found, 'resolve', live)).status, 202);
    assert.equal((await paymentIn(found, 'approved')).processorRef, 'T-4711');
    assert.equal((await act(found, 'retry', { reason: 'too late' })).status, 409);
    await behave(WELL_BEHAVED);
    assert.deepEqual((await act(retried, 'retry', { reason: 'the processor is back' })).body.recorded, ['AuthorizationRetried']);
    await paymentIn(retried, 'approved');
    assert.equal((await act(givenUp, 'compensate', { reason: 'the payer went elsewhere' })).status, 202);
    const cancelled = await paymentIn(givenUp, 'cancelled');
    assert.deepEqual([cancelled.deadLetters[0].state, cancelled.cancellation.reason], ['discarded', 'the payer went elsewhere']);
    await until(
      'the statistics adding up, with one that was cancelled and none under way',
      async () => ((await (await fetch(`${journey.hub.managementUrl}/stats`)).json()) as any).payments,
      ({ accepted, approved, cancelled: ended, stuck: left, inFlight }) =>
        approved === accepted - 1 && ended === 1 && left === 0 && inFlight === 0,
    );
  });

  it('stuck when the processor does not give the money back, until somebody says that it stands', async () => {
    const paymentId = await pay();
    await paymentIn(paymentId, 'approved');
    await behave({ refuseReversal: true });
    await demo().post(`/api/v1/payments/${paymentId}/refund`, { reason: 'sent back' });
    const { deadLetters } = await paymentIn(paymentId, 'stuck');
    await listedLetter(deadLetters[0].deadLetterId);
    const discarded = await operator().post(`/api/v1/admin/dead-letters/${deadLetters[0].deadLetterId}/discard`, {
      reason: 'settled; refunded by hand',
    });
    assert.equal(discarded.status, 202, discarded.text);
    assert.equal((await paymentIn(paymentId, 'approved')).deadLetters[0].state, 'resolved');
  });
});
