import { duration, durations, integer, type Settings, url } from '@sagahub/contracts/config.ts';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';

const isSecret = (secret: string): boolean => {
  try {
    new Webhook(secret).sign('', new Date(0), '');
    return secret.startsWith('whsec_');
  } catch {
    return false;
  }
};

/** What the hub needs of a payment processor: its address, its credential, and its own patience. */
export const paymentProcessorSettings = {
  processorUrl: {
    env: 'PAYMENT_PROCESSOR_URL',
    schema: url(),
    description:
      'The payment processor, with any base path: payments go to `PAYMENT_PROCESSOR_URL/payments`. Unset: the built-in simulator where orders ' +
      'go to one too; elsewhere payments are not taken.',
  },
  processorToken: {
    env: 'PAYMENT_PROCESSOR_TOKEN',
    schema: z.string().min(1).optional(),
    description: 'The bearer token the hub identifies itself with to the payment processor. Unset: none is sent.',
    secret: true,
  },
  callbackSecret: {
    env: 'HUB_PAYMENT_CALLBACK_SECRET',
    schema: z.string().refine(isSecret, 'must be `whsec_` and a key in base64, as Standard Webhooks has it').optional(),
    description:
      'What the payment processor signs its callbacks with (Standard Webhooks: `whsec_` and a key in base64). Unset: callbacks are refused, ' +
      'and the processor is asked instead.',
    secret: true,
  },
  paymentTimeoutMs: {
    env: 'HUB_PAYMENT_TIMEOUT',
    schema: duration('10s'),
    description: 'How long one call to the payment processor may take, connecting included. What it did after that is unknown.',
  },
  paymentSettleMs: {
    env: 'HUB_PAYMENT_SETTLE',
    schema: duration('30s'),
    description:
      'How long after a call ended the payment processor may still carry it out. A payment that is taken back waits this much longer for the ' +
      'proof that the processor has nothing of it.',
  },
  paymentConcurrency: {
    env: 'HUB_PAYMENT_CONCURRENCY',
    schema: integer(64, 1, 1_000),
    description: 'Calls to the payment processor at once, in one process.',
  },
  paymentPerPartner: {
    env: 'HUB_PAYMENT_CONCURRENCY_PER_PARTNER',
    schema: integer(48, 1, 1_000),
    description: 'Calls to the payment processor at once on behalf of one partner, so that a flood delays only its sender.',
  },
  paymentRetryDelaysMs: {
    env: 'HUB_PAYMENT_RETRY_DELAYS',
    schema: durations('1s,2s,4s,8s,16s'),
    description:
      'Waits behind the first failed attempt at the payment processor, the second, and so on (with jitter); then the payment is stuck and ' +
      'becomes a dead letter. Asking again what it decides later spends none of them.',
  },
} satisfies Settings;
