import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { until } from '@sagahub/hub/harness/until.ts';

const TOKENS = [
  'tok_visa',
  'tok_decline_insufficient-funds',
  'tok_later_400',
  'tok_later_400_quiet',
  'tok_later_400_decline_no_twice',
  'tok_lose',
  'tok_delay_150',
];
const PAYMENTS = 70;
const KILLS = 4;
const BETWEEN_KILLS_MS = 350;

describe('payments through kills of the hub', () => {
  it('all end as the processor decided, none taken twice, while answers are lost and fail behind the work', async () => {
    await using hub = await HubProcess.start({
      env: { HUB_PAYMENT_TIMEOUT: '500ms', HUB_PAYMENT_RETRY_DELAYS: '50ms,100ms,200ms,400ms,800ms', HUB_PAYMENT_SETTLE: '200ms' },
    });
    const { simulator } = hub.processor;
    await simulator.behave({ lostAnswerRate: 0.1, failAfterWorkRate: 0.1, failureRate: 0.05 });
    const demo = hub.client('demo');
    const ids: string[] = [];
    const post = async (n: number): Promise<void> => {
      const body = {
        paymentReference: `PAY-${n}`,
        amount: '10.00',
        currency: 'EUR',
        method: { type: 'card', token: TOKENS[n % TOKENS.length]! },
      };
      // Who gets no answer sends it again: the reference makes it the same payment.
      const { status, body: answer } = await until(
        `payment ${n} being accepted`,
        () => demo.post('/api/v1/payments', body).catch(() => ({ status: 0, body: {} as any })),
        (answered) => answered.status === 202,
      );
      assert.equal(status, 202);
      ids[n] = answer.paymentId;
    };
    const posting = Promise.all(Array.from({ length: PAYMENTS }, (_, n) => post(n)));
    for (let kill = 0; kill < KILLS; kill++) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_KILLS_MS));
      await hub.kill();
      await hub.startAgain();
    }
    await posting;
    await simulator.behave({ lostAnswerRate: 0, failAfterWorkRate: 0, failureRate: 0 });
    const stats = await until(
      'every payment ending',
      async () => ((await (await fetch(`${hub.managementUrl}/stats`)).json()) as { payments: Record<string, number> }).payments,
      ({ accepted, inFlight, stuck }) => accepted === PAYMENTS && inFlight === 0 && stuck === 0,
      90_000,
    );
    assert.equal(stats['approved']! + stats['declined']!, PAYMENTS, JSON.stringify(stats));
    assert.equal(simulator.stats().ledger.doubled, 0);
    for (const [n, paymentId] of ids.entries()) {
      const { body } = await demo.get(`/api/v1/payments/${paymentId}`);
      const wanted = TOKENS[n % TOKENS.length]!.includes('decline') ? 'declined' : 'approved';
      assert.deepEqual([body.status, simulator.ledger.of(paymentId).map(({ status }) => status)], [wanted, [wanted]], `${n}: ${paymentId}`);
    }
  });
});
