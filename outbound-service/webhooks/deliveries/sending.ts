import { HubError } from '@sagahub/contracts/errors.ts';
import { derivedId } from '@sagahub/contracts/ids.ts';
import { deliveryOf } from '@sagahub/contracts/messages/webhook.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HttpAnswer, HttpFailure, SubscriberClient } from '@sagahub/contracts/ports/http-client.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Counter, Histogram, Span, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import { METRICS, SPANS } from '@sagahub/contracts/telemetry-names.ts';
import { type RetryPolicy, retryDelayMs } from '../../resilience/retry-policy.ts';
import { testBody } from '../messages/test-body.ts';
import type { MessageBodies } from '../messages/bodies.ts';
import type { SubscriptionDirectory } from '../subscriptions/directory.ts';
import type { SubscriptionRegistry } from '../subscriptions/registry.ts';
import type { WebhookSecrets } from '../subscriptions/secrets.ts';
import type { Subscription } from '../subscriptions/state.ts';
import { excerptOf, type Verdict, verdictOf } from './answers.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import { WEBHOOK } from './flow.ts';
import { type DeliveryState, type Message, messageOf } from './state.ts';
import { StreamTurns } from './stream-turns.ts';

/** What all attempts share. */
export interface SendingContext {
  readonly client: SubscriberClient;
  readonly registry: SubscriptionRegistry;
  readonly directory: SubscriptionDirectory;
  readonly secrets: WebhookSecrets;
  readonly bodies: MessageBodies;
  readonly health: EndpointHealth;
  readonly runtime: SagaRuntime;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** Nothing but failure for this long disables a subscription. */
  readonly disableAfterMs: number;
  readonly userAgent: string;
  /** Aborted when calls in hand are not waited for any longer. */
  readonly signal: AbortSignal;
}

/** An answer's beginning is enough to be understood; the rest of an endless one is not read. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** An endpoint that has refused a message this often counts as failing, unless it took another one not long ago. */
const FAILING_ATTEMPT = 3;
const FAILING_IN_A_ROW = 5;
const NOT_LONG_AGO_MS = 5 * 60_000;

/** Handles the hints of the queue: one attempt at one message each. Nothing is kept between hints but how endpoints do. */
export class Sender {
  readonly #context: SendingContext;
  readonly #attempts: Counter;
  readonly #duration: Histogram;
  readonly #firstAttempt: Histogram;
  readonly #turns = new StreamTurns();

  constructor(context: SendingContext) {
    this.#context = context;
    const { telemetry } = context;
    this.#attempts = telemetry.counter(METRICS.webhookAttempts.name);
    this.#duration = telemetry.histogram(METRICS.webhookAttemptDuration.name);
    this.#firstAttempt = telemetry.histogram(METRICS.webhookFirstAttemptDelay.name);
  }

  async handle(hint: Hint): Promise<void> {
    const { runtime, registry, directory, health, telemetry } = this.#context;
    const { state, flow, traceparent } = await runtime.load<DeliveryState>(hint.stream);
    const call = flow.externalCall(state, hint.step);
    const message = messageOf(state, hint.step);
    if (!message || call?.attempt !== hint.attempt) return;
    const { subscriptionId } = state;
    let subscription = registry.get(subscriptionId);
    if (subscription?.status !== 'enabled') subscription = await directory.current(subscriptionId);
    if (subscription?.status !== 'enabled') return this.#unwanted(hint, call, message, subscription);
    const leave = health.enter(subscriptionId);
    if (leave.kind === 'wait') return runtime.defer(hint, leave.untilMs);
    const { name, kind } = SPANS.webhookAttempt;
    const attributes = { 'hub.webhook.type': message.type, 'hub.attempt': call.attempt, 'hub.stream': hint.stream };
    const span = telemetry.startSpan(name, { kind, parent: traceparent, attributes });
    try {
      await this.#attempt(hint, call, subscription, message, span);
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      health.unknown(subscriptionId);
      span.end();
    }
  }

  async #attempt(hint: Hint, call: ExternalCall, subscription: Subscription, message: Message, span: Span): Promise<void> {
    const { clock, bodies, secrets, client, timeoutMs, signal } = this.#context;
    const { subscriptionId } = subscription;
    const startedAtMs = clock.now();
    let body: string;
    let headers: Readonly<Record<string, string>>;
    try {
      body = message.source ? await bodies.bodyOf(message.source) : testBody(subscriptionId, message.occurredAt);
      headers = await this.#headers(subscription, message, body, startedAtMs, secrets);
    } catch (error) {
      if (error instanceof HubError && error.retryable) throw error;
      return this.#unsendable(hint, call, subscription, message, error);
    }
    if (message.attempt === 1) this.#firstAttempt.record(Math.max(0, startedAtMs - Date.parse(message.occurredAt)) / 1_000);
    const outcome = await client.request({
      method: 'POST',
      url: subscription.url,
      headers,
      body,
      timeoutMs,
      signal,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      onLongResponse: 'cut',
    });
    const latencyMs = clock.now() - startedAtMs;
    const verdict = verdictOf(outcome, clock.now());
    span.setAttribute('hub.outcome', verdict.kind);
    this.#attempts.add(1, { outcome: verdict.kind });
    this.#duration.record(latencyMs / 1_000, { outcome: verdict.kind });
    await this.#conclude(hint, call, subscription, message, verdict, detailOf(outcome, latencyMs));
  }

  /** The hub's fault and not the endpoint's. It spends attempts all the same, so that the message ends as a dead letter, from where it can be sent again. */
  async #unsendable(hint: Hint, call: ExternalCall, subscription: Subscription, message: Message, error: unknown): Promise<void> {
    const reason = `the hub could not send it: ${error instanceof Error ? error.message : String(error)}`;
    this.#log(subscription, 'a message cannot be sent', reason);
    await this.#report(hint, call, this.#failed(call, message, { kind: 'failed', reason }));
  }

  async #headers(
    { subscriptionId, secretVersion, formerSecretValidUntil }: Subscription,
    message: Message,
    body: string,
    nowMs: number,
    secrets: WebhookSecrets,
  ): Promise<Record<string, string>> {
    const hasFormer = formerSecretValidUntil !== undefined && Date.parse(formerSecretValidUntil) > nowMs;
    const signers = await Promise.all(
      (hasFormer ? [secretVersion, secretVersion - 1] : [secretVersion]).map((version) => secrets.signer(subscriptionId, version)),
    );
    const signedAt = new Date(nowMs);
    const signatures = signers.flatMap((signer) => (signer ? [signer.sign(message.id, signedAt, body)] : []));
    if (signatures.length === 0) throw new Error(`the secret of webhook subscription ${subscriptionId} is missing: rotate it`);
    return {
      'content-type': 'application/json',
      'user-agent': this.#context.userAgent,
      'webhook-id': message.id,
      'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
      'webhook-signature': signatures.join(' '),
    };
  }

  async #conclude(
    hint: Hint,
    call: ExternalCall,
    subscription: Subscription,
    message: Message,
    verdict: Verdict,
    detail: NonNullable<CallReport['detail']>,
  ): Promise<void> {
    const { health, directory } = this.#context;
    const { subscriptionId } = subscription;
    switch (verdict.kind) {
      case 'called-off':
        return;
      case 'delivered':
        health.succeeded(subscriptionId);
        await this.#report(hint, call, { kind: 'succeeded', reference: message.id, alreadyThere: false, detail });
        if (this.#context.registry.get(subscriptionId)?.failing) await directory.markRecovered(subscriptionId);
        return;
      case 'gone':
        health.failed(subscriptionId);
        await this.#report(hint, call, this.#exhausted(message, verdict.reason, detail));
        await directory.disable(subscriptionId, 'gone', verdict.reason, BY_HUB);
        this.#log(subscription, 'the endpoint is gone: the subscription was disabled', verdict.reason);
        return;
      case 'failed': {
        const failures = health.failed(subscriptionId, verdict.retryAfterMs);
        await this.#report(hint, call, this.#failed(call, message, verdict, detail));
        await this.#judge(subscription, call, failures, verdict.reason);
      }
    }
  }

  #failed(call: ExternalCall, message: Message, verdict: Extract<Verdict, { kind: 'failed' }>, detail?: CallReport['detail']): CallReport {
    const { reason, retryAfterMs } = verdict;
    // A test is tried once: whoever asked for it looks at what came of it.
    if (!message.source) return { kind: 'refused', reason, ...(detail && { detail }) };
    const delayMs = retryDelayMs(this.#context.retry, call.attemptInRound ?? call.attempt, retryAfterMs);
    if (delayMs === undefined) return this.#exhausted(message, reason, detail);
    return { kind: 'failed', certainty: 'unknown', reason, nextAtMs: this.#context.clock.now() + delayMs, ...(detail && { detail }) };
  }

  #exhausted({ id, attempt }: Message, reason: string, detail?: CallReport['detail']): CallReport {
    const deadLetterId = derivedId(id, 'dead-letter', String(attempt));
    return { kind: 'exhausted', reason, inDoubt: false, deadLetterId, ...(detail && { detail }) };
  }

  /** A subscription that is not there any more wants nothing; one that is disabled leaves dead letters, to be recovered from. */
  async #unwanted(hint: Hint, call: ExternalCall, message: Message, subscription: Subscription | undefined): Promise<void> {
    if (subscription?.status === 'disabled')
      await this.#report(
        hint,
        call,
        this.#exhausted(message, `the subscription is disabled: ${subscription.disabled?.reason ?? 'by hand'}`),
      );
    else await this.#report(hint, call, { kind: 'refused', reason: 'the subscription was deleted' });
  }

  /** Is the endpoint failing altogether, and has it been for too long? The log knows since when, whoever was restarted meanwhile. */
  async #judge({ subscriptionId }: Subscription, call: ExternalCall, failures: number, reason: string): Promise<void> {
    const { directory, registry, health, clock, disableAfterMs } = this.#context;
    const current = registry.get(subscriptionId);
    if (current?.status !== 'enabled') return;
    if (!current.failing) {
      const sinceSuccessMs = clock.now() - (health.lastSuccessMs(subscriptionId) ?? 0);
      const isRepeated = (call.attemptInRound ?? call.attempt) >= FAILING_ATTEMPT && sinceSuccessMs > NOT_LONG_AGO_MS;
      if (failures < FAILING_IN_A_ROW && !isRepeated) return;
      await directory.markFailing(subscriptionId, reason);
      this.#log(current, 'the endpoint takes no messages', reason);
      return;
    }
    if (clock.now() - Date.parse(current.failing.since) < disableAfterMs) return;
    const why = `nothing but failure since ${current.failing.since}; last: ${reason}`;
    await directory.disable(subscriptionId, 'failing', why, BY_HUB);
    this.#log(current, 'the endpoint took nothing for too long: the subscription was disabled', reason);
  }

  async #report(hint: Hint, call: ExternalCall, report: CallReport): Promise<void> {
    const { runtime } = this.#context;
    await this.#turns.run(hint.stream, () => runtime.report(hint.stream, call, report, { actor: `connector:${WEBHOOK}` }));
  }

  #log({ subscriptionId, partnerId, url }: Subscription, text: string, reason: string): void {
    this.#context.telemetry.logger.warn(text, { subscriptionId, partnerId, host: new URL(url).host, reason });
  }
}

const BY_HUB = { by: 'hub' };

const detailOf = (outcome: HttpAnswer | HttpFailure, latencyMs: number): NonNullable<CallReport['detail']> => {
  if (outcome.kind === 'failure') return { latencyMs };
  const excerpt = outcome.status >= 300 ? excerptOf(outcome.bodyText) : undefined;
  return { status: outcome.status, latencyMs, ...(excerpt !== undefined && { excerpt }) };
};

/** Messages of one endpoint share a lane, so that none waits behind another one's. */
export const laneOf = (hint: Hint): string => deliveryOf(hint.stream).subscriptionId;
