import { type ConfigOf, duration, durations, integer, type Settings, url } from '@sagahub/contracts/config.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { z } from 'zod';
import { broadcastSettings } from './broadcast/config.ts';
import type { RestErpOptions } from './connectors/rest/connector.ts';
import type { RestAuth } from './connectors/http/credentials.ts';
import { paymentProcessorSettings } from './connectors/payment-processor/config.ts';
import type { PaymentProcessorOptions } from './connectors/payment-processor/connector.ts';
import { webhookSettings } from './webhooks/config.ts';

const text = () => z.string().min(1).optional();
export const outboundSettings = {
  erpUrl: {
    env: 'ERP_URL',
    schema: url(),
    description:
      'The ERP, with any base path: orders go to `ERP_URL/orders`. Unset: the built-in simulator (embedded profile on loopback only).',
  },
  erpAuth: {
    env: 'ERP_AUTH',
    schema: z.enum(['none', 'bearer', 'basic', 'oauth2'], 'must be none, bearer, basic or oauth2').default('none'),
    description: 'How the hub identifies itself to the ERP.',
  },
  erpToken: { env: 'ERP_TOKEN', schema: text(), description: 'The token for ERP_AUTH=bearer.', secret: true },
  erpUser: { env: 'ERP_USER', schema: text(), description: 'The user for ERP_AUTH=basic.' },
  erpPassword: { env: 'ERP_PASSWORD', schema: text(), description: 'The password for ERP_AUTH=basic.', secret: true },
  erpTokenUrl: { env: 'ERP_TOKEN_URL', schema: url(), description: 'Where ERP_AUTH=oauth2 gets its tokens (client credentials).' },
  erpClientId: { env: 'ERP_CLIENT_ID', schema: text(), description: 'The client for ERP_AUTH=oauth2.' },
  erpClientSecret: { env: 'ERP_CLIENT_SECRET', schema: text(), description: 'The secret for ERP_AUTH=oauth2.', secret: true },
  erpScope: { env: 'ERP_SCOPE', schema: text(), description: 'The scope asked for by ERP_AUTH=oauth2, if the ERP wants one.' },
  erpTimeoutMs: {
    env: 'HUB_ERP_TIMEOUT',
    schema: duration('30s'),
    description: 'How long one call to the ERP may take, connecting included. What it did after that is unknown.',
  },
  erpSettleMs: {
    env: 'HUB_ERP_SETTLE',
    schema: duration('30s'),
    description:
      'How long after a call ended the ERP may still carry it out. A cancelled order waits this much longer for the proof that the ERP has nothing of it.',
  },
  erpConcurrency: {
    env: 'HUB_ERP_CONCURRENCY',
    schema: integer(64, 1, 1_000),
    description: 'Calls to the ERP at once, in one process: the bulkhead that keeps a slow ERP from holding up anything else.',
  },
  erpPerPartner: {
    env: 'HUB_ERP_CONCURRENCY_PER_PARTNER',
    schema: integer(48, 1, 1_000),
    description: 'Calls to the ERP at once on behalf of one partner, so that a flood delays only its sender.',
  },
  retryDelaysMs: {
    env: 'HUB_ERP_RETRY_DELAYS',
    schema: durations('1s,2s,4s,8s,16s'),
    description:
      'Waits behind the first failed attempt, the second, and so on (with jitter); then the order is stuck and becomes a dead letter.',
  },
  breakerFailures: {
    env: 'HUB_BREAKER_FAILURES',
    schema: integer(5, 1, 1_000_000),
    description: 'Failures in a row that open a breaker.',
  },
  breakerWindowMs: {
    env: 'HUB_BREAKER_WINDOW',
    schema: duration('10s'),
    description: 'A breaker opens, too, when more than half of the calls within this time failed …',
  },
  breakerMinimumCalls: {
    env: 'HUB_BREAKER_MINIMUM_CALLS',
    schema: integer(20, 1, 100_000),
    description: '… and there were at least this many.',
  },
  breakerOpenMs: {
    env: 'HUB_BREAKER_OPEN',
    schema: duration('10s'),
    description: 'From the opening of a breaker to the first call that tries again, and from one such call to the next.',
  },
  alertUrl: {
    env: 'HUB_ALERT_URL',
    schema: url(),
    description:
      'Where the hub posts what gets stuck or overdue, once for each occurrence and again until somebody takes it. Unset: nowhere.',
  },
  alertSecret: {
    env: 'HUB_ALERT_SECRET',
    schema: text(),
    description: 'What alerts are signed with (Standard Webhooks); needed with HUB_ALERT_URL.',
    secret: true,
  },
  resumePerSecond: {
    env: 'HUB_BREAKER_RESUME_RATE',
    schema: integer(500, 1, 100_000),
    description: 'Waiting orders let go per second when a breaker closes.',
  },
  ...paymentProcessorSettings,
  ...webhookSettings,
  ...broadcastSettings,
} satisfies Settings;
export type OutboundConfig = ConfigOf<typeof outboundSettings>;

/**
 * What the REST connector needs, from the settings.
 * @param simulatorUrl used when `ERP_URL` is unset; without either there is nothing to connect to
 * @throws ConfigurationError naming every setting that is missing
 */
export const restErpOptions = (config: OutboundConfig, simulatorUrl?: string): RestErpOptions => {
  const problems: string[] = [];
  const needed = (value: string | undefined, env: string, why: string): string => {
    if (value === undefined) problems.push(`${env}: ${why}`);
    return value ?? '';
  };
  const because = `needed because ERP_AUTH=${config.erpAuth}`;
  const address = needed(config.erpUrl ?? simulatorUrl, 'ERP_URL', 'set it to the address of the ERP, such as https://erp.example/api');
  const auth = ((): RestAuth => {
    switch (config.erpAuth) {
      case 'none':
        return { kind: 'none' };
      case 'bearer':
        return { kind: 'bearer', token: needed(config.erpToken, 'ERP_TOKEN or ERP_TOKEN_FILE', because) };
      case 'basic':
        return {
          kind: 'basic',
          user: needed(config.erpUser, 'ERP_USER', because),
          password: needed(config.erpPassword, 'ERP_PASSWORD or ERP_PASSWORD_FILE', because),
        };
      case 'oauth2':
        return {
          kind: 'oauth2',
          tokenUrl: needed(config.erpTokenUrl, 'ERP_TOKEN_URL', because),
          clientId: needed(config.erpClientId, 'ERP_CLIENT_ID', because),
          clientSecret: needed(config.erpClientSecret, 'ERP_CLIENT_SECRET or ERP_CLIENT_SECRET_FILE', because),
          ...(config.erpScope !== undefined && { scope: config.erpScope }),
        };
    }
  })();
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { url: address, auth, timeoutMs: config.erpTimeoutMs, settleMs: config.erpSettleMs };
};

/**
 * What the payment processor's connector needs, from the settings.
 * @param simulatorUrl used when `PAYMENT_PROCESSOR_URL` is unset
 * @returns undefined when there is neither: then payments are not taken
 */
export const paymentProcessorOptions = (config: OutboundConfig, simulatorUrl?: string): PaymentProcessorOptions | undefined => {
  const address = config.processorUrl ?? simulatorUrl;
  if (address === undefined) return undefined;
  const { processorToken: token, paymentTimeoutMs: timeoutMs, paymentSettleMs: settleMs } = config;
  return { url: address, auth: token === undefined ? { kind: 'none' } : { kind: 'bearer', token }, timeoutMs, settleMs };
};
