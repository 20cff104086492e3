import { objectIdOf } from '@sagahub/contracts/events.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpAnswer, HttpClient, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Counter, Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { Webhook } from 'standardwebhooks';
import { alertFaceOf } from './flows.ts';
import type { AlertCommand, AlertState } from './flow.ts';

export interface AlertSenderOptions {
  readonly url: string;
  /** `whsec_…`, or any text. */
  readonly secret: string;
  readonly http: HttpClient;
}

const TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 64 * 1024;
const SECOND_MS = 1_000;
/** Behind the first failed attempt, the second, …: a day in all. */
const DELAYS_MS = [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800].map((seconds) => seconds * SECOND_MS);
const ACTOR = 'hub';

/** Posts an alert, signed after Standard Webhooks; whatever is not 2xx is tried again. */
export const alertSender = (
  { url, secret, http }: AlertSenderOptions,
  {
    runtime,
    clock,
    logger,
    sent,
  }: { readonly runtime: SagaRuntime; readonly clock: Clock; readonly logger: Logger; readonly sent: Counter },
): ((hint: Hint) => Promise<void>) => {
  const signer = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
  return async ({ stream }) => {
    const { state } = await runtime.load<AlertState>(stream);
    if (state.status !== 'pending') return;
    const { alert, attempt } = state;
    const { alertId, type, occurredAt, ...data } = alert;
    const face = alertFaceOf(data.stream);
    const links = face ? { [face.flow]: `${face.path}/${objectIdOf(data.stream)}` } : {};
    const body = JSON.stringify({ type, id: alertId, timestamp: occurredAt, data: { ...data, links } });
    const now = new Date(clock.now());
    const answer = await http.request({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/json',
        'webhook-id': alertId,
        'webhook-timestamp': String(Math.floor(now.getTime() / SECOND_MS)),
        'webhook-signature': signer.sign(alertId, now, body),
      },
      body,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });
    const outcome = outcomeOf(answer, attempt, clock.now());
    sent.add(1, { outcome: outcome.type === 'Delivered' ? 'delivered' : outcome.nextAt === undefined ? 'given-up' : 'failed' });
    if (outcome.type === 'Failed')
      logger.warn('an alert was not taken', { stream, attempt, reason: outcome.reason, nextAt: outcome.nextAt });
    await runtime.execute(stream, { ...outcome }, { actor: ACTOR });
  };
};

const outcomeOf = (answer: HttpAnswer | HttpFailure, attempt: number, nowMs: number): AlertCommand => {
  if (answer.kind === 'answer' && answer.status >= 200 && answer.status < 300) return { type: 'Delivered', attempt, status: answer.status };
  const reason = answer.kind === 'answer' ? `answered ${answer.status}` : answer.detail;
  const delayMs = DELAYS_MS[attempt - 1];
  return { type: 'Failed', attempt, reason, ...(delayMs !== undefined && { nextAt: new Date(nowMs + delayMs).toISOString() }) };
};
