import type { ConfigOf, Setting, Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';

const engine = (env: string, description: string): Setting<z.ZodString> => ({
  env,
  schema: z.string(`is needed in the networked profile; set it, or ${env}_FILE`),
  description,
  secret: true,
});
const service = (env: string, name: string): Setting<z.ZodDefault<z.ZodString>> => ({
  env,
  schema: z.string().default(`http://${name}:8080`),
  description: `Where the gateway finds ${name}; several replicas separated by commas, or one load balancer.`,
});

/** What only the networked profile reads: the engines, and where the services are. */
export const networkedSettings = {
  eventStoreUrl: {
    env: 'HUB_EVENT_STORE_URL',
    schema: z.string().optional(),
    description: 'Where the log is: `postgres://…`, or `esdb://…` or `kurrentdb://…`. Default: HUB_POSTGRES_URL.',
    secret: true,
  },
  postgresUrl: engine('HUB_POSTGRES_URL', 'PostgreSQL for holds, open work, elections and keys, and for the log unless it is elsewhere.'),
  redisUrl: engine('HUB_REDIS_URL', 'Redis for caches, limits and shared counts.'),
  rabbitmqUrl: engine('HUB_RABBITMQ_URL', 'RabbitMQ for hints.'),
  mongodbUrl: engine('HUB_MONGODB_URL', 'MongoDB for the read model.'),
  masterKey: engine(
    'HUB_MASTER_KEY',
    'Wraps the keys of the key store: 32 bytes in base64 (`openssl rand -base64 32`); former ones on further lines.',
  ),
  integrationUrl: service('HUB_INTEGRATION_URL', 'integration-service'),
  orchestrationUrl: service('HUB_ORCHESTRATION_URL', 'orchestration-service'),
  outboundUrl: service('HUB_OUTBOUND_URL', 'outbound-service'),
  readModelUrl: service('HUB_READ_MODEL_URL', 'read-model'),
} satisfies Settings;
export type NetworkedSettings = ConfigOf<typeof networkedSettings>;
