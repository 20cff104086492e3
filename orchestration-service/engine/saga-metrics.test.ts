import assert from 'node:assert/strict';
import type { EventBody, NewEvent } from '@sagahub/contracts/events.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { emptyFold, foldBody } from './folding.ts';
import { SagaMetrics } from './saga-metrics.ts';
import { parcelFlow } from './testing/parcel-flow.ts';

const STARTED_MS = Date.UTC(2026, 10, 20);
const announced: EventBody = { type: 'ParcelAnnounced', data: {} };
const packed: EventBody = { type: 'ParcelPacked', data: {} };
const pickupFailed: EventBody = { type: 'PickupFailed', data: { attempt: 1 } };
const shipped: EventBody = { type: 'ParcelShipped', data: {} };
const faulted = (nextAt?: string): EventBody => ({
  type: 'StepFaulted',
  data: { step: 'advance', attempt: 1, error: 'boom', ...(nextAt && { nextAt }) },
});

describe('saga metrics', () => {
  /** Appends one event a second, and keeps what was counted and timed. */
  const follow = (...bodies: readonly EventBody[]) => {
    const telemetry = recordTelemetry();
    const metrics = new SagaMetrics(telemetry);
    let folded: Folded = { ...emptyFold(parcelFlow, 'parcel-1'), startedAtMs: STARTED_MS };
    for (const [index, body] of bodies.entries()) {
      const before = folded;
      const version = body.type === 'ParcelPacked' ? 1 : undefined;
      folded = foldBody(before, body, new Date(STARTED_MS + index * 1_000).toISOString(), version);
      metrics.appended(before, folded, [body as NewEvent]);
    }
    return {
      counts: Object.fromEntries(telemetry.counts),
      timed: telemetry.durations.map(({ name, seconds, attributes }) => [name, attributes['step'] ?? attributes['outcome'], seconds]),
    };
  };

  it('times each step from becoming pending to its outcome, and the whole from the first event to the end', () => {
    assert.deepEqual(follow(announced, packed, shipped), {
      counts: { 'hub.saga.started{"saga":"parcel"}': 1, 'hub.saga.completed{"saga":"parcel","outcome":"shipped"}': 1 },
      timed: [
        ['hub.saga.step.duration', 'advance', 1],
        ['hub.saga.step.duration', 'pickup', 1],
        ['hub.saga.duration', 'shipped', 2],
      ],
    });
  });

  it('counts a failed attempt as a retry of a step that is still pending', () => {
    const { counts, timed } = follow(announced, packed, pickupFailed, shipped);
    assert.equal(counts['hub.saga.step.retries{"saga":"parcel","step":"pickup"}'], 1);
    assert.deepEqual(timed[1], ['hub.saga.step.duration', 'pickup', 2]);
  });

  it('counts a fault, and a retry unless it was the last', () => {
    const retried = follow(announced, faulted('2026-11-20T00:00:05.000Z')).counts;
    assert.equal(retried['hub.saga.step.faults{"saga":"parcel","step":"advance"}'], 1);
    assert.equal(retried['hub.saga.step.retries{"saga":"parcel","step":"advance"}'], 1);
    const givenUp = follow(announced, faulted()).counts;
    assert.equal(givenUp['hub.saga.step.faults{"saga":"parcel","step":"advance"}'], 1);
    assert.equal(givenUp['hub.saga.step.retries{"saga":"parcel","step":"advance"}'], undefined);
  });

  it('counts it when an operator has a given-up step tried again', () => {
    const { counts } = follow(announced, faulted(), { type: 'StepRetried', data: { step: 'advance' } });
    assert.equal(counts['hub.saga.step.retries{"saga":"parcel","step":"advance"}'], 1);
  });
});
