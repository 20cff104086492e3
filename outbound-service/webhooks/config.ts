import { BlockList, isIPv6 } from 'node:net';
import { duration, durations, flag, integer, type Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';

const isNetwork = (text: string): boolean => {
  const [address = '', prefix = ''] = text.split('/');
  try {
    new BlockList().addSubnet(address, /^\d+$/.test(prefix) ? Number(prefix) : Number.NaN, isIPv6(address) ? 'ipv6' : 'ipv4');
    return true;
  } catch {
    return false;
  }
};
const networks = () =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((network) => (network.trim() === '' ? [] : [network.trim()])))
    .refine((list) => list.every(isNetwork), 'must be networks separated by commas, such as 10.20.0.0/16,fd00:1::/64');

/** Webhooks. */
export const webhookSettings = {
  webhookRetryDelaysMs: {
    env: 'HUB_WEBHOOK_RETRY_DELAYS',
    schema: durations('5s,5m,30m,2h,5h,10h,14h,20h,24h'),
    description:
      'Waits behind the first failed attempt at a webhook message, the second, and so on (with jitter); then it becomes a dead letter.',
  },
  webhookTimeoutMs: {
    env: 'HUB_WEBHOOK_TIMEOUT',
    schema: duration('15s'),
    description: 'How long a webhook endpoint may take to answer, connecting and the whole answer included.',
  },
  webhookConcurrency: {
    env: 'HUB_WEBHOOK_CONCURRENCY',
    schema: integer(512, 1, 10_000),
    description: 'Webhook messages sent at once by one process; each endpoint has a limit of its own below this.',
  },
  webhookDisableAfterMs: {
    env: 'HUB_WEBHOOK_DISABLE_AFTER',
    schema: duration('5d'),
    description:
      'A webhook subscription whose endpoint took nothing for this long is disabled; its messages become dead letters, to be recovered.',
  },
  webhookSubscriptions: {
    env: 'HUB_WEBHOOK_SUBSCRIPTIONS_PER_PARTNER',
    schema: integer(20, 1, 1_000),
    description: 'Webhook subscriptions that one partner may have.',
  },
  webhookAllowHttp: {
    env: 'HUB_WEBHOOK_ALLOW_HTTP',
    schema: flag(false),
    description: 'Lets webhook endpoints be `http:` too. A hub on loopback (the embedded profile as it starts) always does.',
  },
  webhookAllowedNetworks: {
    env: 'HUB_WEBHOOK_ALLOWED_NETWORKS',
    schema: networks(),
    description:
      'Networks that webhook endpoints may be in although they are not public, such as `10.20.0.0/16,fd00:1::/64`. A hub on loopback allows its own machine besides.',
  },
} satisfies Settings;
