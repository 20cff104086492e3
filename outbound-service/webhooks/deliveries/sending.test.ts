import assert from 'node:assert/strict';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { deliveryStream } from '@sagahub/contracts/messages/webhook.ts';
import type { CallReport } from '@sagahub/contracts/saga.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { requested, stateAfter } from '../testing/messages.ts';
import { EndpointHealth } from './endpoint-health.ts';
import { deliveryFlow, WEBHOOK_QUEUE } from './flow.ts';
import { Sender, type SendingContext } from './sending.ts';

const SUBSCRIPTION = { subscriptionId: 's-1', partnerId: 'demo', url: 'https://shop.example/hook', status: 'enabled', secretVersion: 1 };

const MESSAGE = '0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10';

/** Hands a message to be sent whose secret is as `signer` says, and tells what was reported. */
const sending = async (signer: () => Promise<unknown>, delaysMs: readonly number[]) => {
  const clock = manualClock();
  const state = stateAfter(requested(MESSAGE));
  const reports: CallReport[] = [];
  const context = {
    clock,
    telemetry: silentTelemetry,
    health: new EndpointHealth(clock),
    retry: { delaysMs, random: () => 0.5 },
    registry: { get: () => SUBSCRIPTION },
    bodies: { bodyOf: async () => '{}' },
    secrets: { signer },
    client: { request: () => assert.fail('it was sent') },
    runtime: {
      load: async () => ({ flow: deliveryFlow, state }),
      report: async (_stream: string, _call: unknown, report: CallReport) => void reports.push(report),
    },
  } as unknown as SendingContext;
  const hint = { queue: WEBHOOK_QUEUE, stream: deliveryStream('s-1', 'o-1'), step: 'deliver:0', attempt: 1, partnerId: 'demo' };
  await new Sender(context).handle(hint);
  return reports.map(({ kind, ...rest }) => [kind, (rest as { reason?: string }).reason]);
};

describe('a message that the hub cannot send', () => {
  const reason = 'the hub could not send it: the secret of webhook subscription s-1 is missing: rotate it';
  const missing = async () => undefined;

  it('spends attempts, and is a dead letter in the end, from where it can be sent again', async () => {
    assert.deepEqual(await sending(missing, [1_000]), [['failed', reason]]);
    assert.deepEqual(await sending(missing, []), [['exhausted', reason]]);
  });

  it('waits without spending any while an engine is away', async () => {
    const away = () => Promise.reject(new UnavailableError('HUB_ENGINE_UNAVAILABLE', 'PostgreSQL is away'));
    await assert.rejects(sending(away, [1_000]), UnavailableError);
  });
});
