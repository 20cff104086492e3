import assert from 'node:assert/strict';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { EndpointHealth } from './endpoint-health.ts';

const failing = (health: EndpointHealth, times: number) => {
  for (let time = 0; time < times; time++) health.failed('a');
};

describe('endpoint health', () => {
  it('rests an endpoint behind five failures in a row, and no other one', () => {
    const health = new EndpointHealth(manualClock());
    failing(health, 4);
    assert.equal(health.enter('a').kind, 'go');
    health.failed('a');
    assert.equal(health.enter('a').kind, 'wait');
    assert.equal(health.enter('b').kind, 'go');
  });

  it('tries a rested endpoint with one message, and lets all go once it was taken', async () => {
    const clock = manualClock();
    const health = new EndpointHealth(clock);
    failing(health, 5);
    await clock.advance(1_000);
    assert.deepEqual(health.enter('a'), { kind: 'go', isProbe: true });
    assert.equal(health.enter('a').kind, 'wait');
    health.succeeded('a');
    assert.deepEqual(health.enter('a'), { kind: 'go', isProbe: false });
  });

  it('rests twice as long each time, at most a minute', async () => {
    const clock = manualClock();
    const health = new EndpointHealth(clock);
    failing(health, 4);
    const rests: number[] = [];
    for (let rest = 0; rest < 9; rest++) {
      health.failed('a');
      const restMs = health.restingUntilMs('a')! - clock.now();
      rests.push(restMs);
      await clock.advance(restMs);
      assert.equal(health.enter('a').kind, 'go');
    }
    assert.deepEqual(rests, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('rests an endpoint that asks for it at the first failure, for at most a minute', () => {
    const clock = manualClock();
    const health = new EndpointHealth(clock);
    health.failed('a', 20_000);
    assert.equal(health.restingUntilMs('a'), clock.now() + 20_000);
    health.failed('b', 3_600_000);
    assert.equal(health.restingUntilMs('b'), clock.now() + 60_000);
  });

  it('gives the trial to another message when the first one said nothing', async () => {
    const clock = manualClock();
    const health = new EndpointHealth(clock);
    failing(health, 5);
    await clock.advance(1_000);
    assert.equal(health.enter('a').kind, 'go');
    health.unknown('a');
    assert.equal(health.enter('a').kind, 'go');
  });
});
