import assert from 'node:assert/strict';
import { HubProcess } from '../harness/hub-process.ts';
import { until } from '../harness/until.ts';
import { EXIT } from './exit-codes.ts';
import { beside, jsonLines } from './testing/command-line.ts';

describe('sagahub payments', () => {
  let hub: HubProcess;
  const cli = beside(() => hub);
  before(async () => {
    hub = await HubProcess.start({ env: { HUB_PAYMENT_RETRY_DELAYS: '10ms' } });
  });
  after(() => hub?.[Symbol.asyncDispose]());
  const pay = (paymentReference: string) =>
    hub
      .client('demo')
      .post('/api/v1/payments', { paymentReference, amount: '89.60', currency: 'EUR', method: { type: 'card', token: 'tok_visa' } });

  it('follows a payment by its reference to its end, shows it with its timeline, lists it, and gives it back', async () => {
    const { paymentId } = (await pay('CLI-1')).body;
    const watched = await cli(['payments', 'watch', 'CLI-1', '--json']);
    assert.equal(watched.code, EXIT.ok, watched.stderr);
    assert.equal(jsonLines(watched).at(-1).type, 'PaymentApproved');
    const shown = await cli(['payments', 'get', 'CLI-1']);
    assert.match(shown.stdout, new RegExp(`payment +${paymentId}[^]*amount +89.60 EUR[^]*Payment received[^]*Payment approved`));
    const refunded = await cli(['payments', 'refund', 'CLI-1', '--reason', 'sent back']);
    assert.match(refunded.stdout, new RegExp(`^${paymentId} {2}refund`));
    const listed = await until(
      'the payment being listed as refunded',
      () => cli(['payments', 'list', '--reference', 'CLI-1']),
      ({ stdout }) => stdout.includes('refunded'),
    );
    assert.match(listed.stdout, /CLI-1 +refunded +89\.60 EUR/);
  });

  it('helps a stuck one on, which work and dead letters name by its reference and one cause', async () => {
    await hub.processor.simulator.behave({ failureRate: 1 });
    await pay('CLI-2');
    const work = await until(
      'the payment being stuck',
      () => cli(['work', 'list', '--flow', 'payment', '--state', 'stuck']),
      ({ stdout }) => stdout.includes('CLI-2'),
    );
    assert.match(work.stdout, /payment +\S+ +CLI-2 +demo +stuck +operator.*processor:http-500/);
    assert.match((await cli(['dead-letters', 'list', '--cause', 'processor:http-500'])).stdout, /payment +CLI-2 .*processor:http-500/);
    await hub.processor.simulator.behave({ failureRate: 0 });
    const retried = await cli(['payments', 'retry', 'CLI-2', '--reason', 'it is back']);
    assert.match(retried.stdout, /AuthorizationRetried/);
    const late = await cli(['payments', 'resolve', 'CLI-2', '--processor', 'absent', '--reason', 'not there']);
    assert.equal(late.code, EXIT.refused);
  });
});
