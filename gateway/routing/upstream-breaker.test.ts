import assert from 'node:assert/strict';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { upstreamBreaker } from './upstream-breaker.ts';

const unanswered = () => Promise.reject(new UnavailableError('HUB_SERVICE_UNAVAILABLE', 'does not answer'));

describe('breaker of a service', () => {
  it('has nobody wait for the one request that tries whether the service answers again', async () => {
    const breaker = upstreamBreaker('orders');
    assert.equal(breaker.isDoubtful, false);
    while (!breaker.isOpen) await assert.rejects(breaker.run(unanswered), UnavailableError);
    const trial = Promise.withResolvers<string>();
    let tried: Promise<string> | undefined;
    await eventually('one is let through', async () => {
      const sent = Promise.withResolvers<void>();
      const run = breaker.run(() => (sent.resolve(), trial.promise));
      const isSent = await Promise.race([
        sent.promise.then(() => true),
        run.then(
          () => true,
          () => false,
        ),
      ]);
      if (isSent) tried = run;
      return isSent;
    });
    await assert.rejects(
      breaker.run(() => assert.fail('it was sent, too')),
      UnavailableError,
    );
    assert.equal(breaker.isDoubtful, true);
    trial.resolve('here');
    assert.equal(await tried, 'here');
    assert.equal(await breaker.run(async () => 'and here'), 'and here');
  });
});
