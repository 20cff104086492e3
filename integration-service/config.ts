import { type ConfigOf, duration, type Settings } from '@sagahub/contracts/config.ts';

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
      'How long the cache remembers an order that was sent twice. It only saves reads: the log alone decides what is a duplicate.',
  },
} satisfies Settings;
export type IntegrationConfig = ConfigOf<typeof integrationSettings>;
