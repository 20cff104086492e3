import { type ConfigOf, duration, integer, type Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';

export const integrationSettings = {
  maxWaitMs: {
    env: 'HUB_MAX_WAIT',
    schema: duration('30s'),
    description: 'Longest time a request with Prefer: wait=N is held open; keep it below the idle timeout of any load balancer.',
  },
  duplicateCacheMs: {
    env: 'HUB_DUPLICATE_CACHE_TTL',
    schema: duration('10m'),
    description:
      'How long the cache remembers an order or a payment that was sent twice. It only saves reads: the log alone decides what is a duplicate.',
  },
  inboxUrl: {
    env: 'HUB_INBOX_URL',
    schema: z
      .string()
      .regex(/^amqps?:\/\//, 'must begin with amqp:// or amqps://')
      .optional(),
    description:
      "RabbitMQ from which orders are taken as messages (queue `orders.inbound`), with the hub's user and virtual host. Without it none are.",
    secret: true,
  },
  inboxPrefetch: {
    env: 'HUB_INBOX_PREFETCH',
    schema: integer(64, 1, 10_000),
    description: 'Messages in hand at once in one process.',
  },
} satisfies Settings;
export type IntegrationConfig = ConfigOf<typeof integrationSettings>;
