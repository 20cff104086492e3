import type { ConfigOf, Setting, Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';

const engine = ({ env, description }: { readonly env: string; readonly description: string }): Setting<z.ZodString> => ({
  env,
  schema: z.string(`is needed in the networked profile; set it, or ${env}_FILE`),
  description,
  secret: true,
});
const service = ({ env, name }: { readonly env: string; readonly name: string }): Setting<z.ZodDefault<z.ZodString>> => ({
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
  postgresUrl: engine({
    env: 'HUB_POSTGRES_URL',
    description: 'PostgreSQL for holds, open work, elections and keys, and for the log unless it is elsewhere.',
  }),
  redisUrl: engine({ env: 'HUB_REDIS_URL', description: 'Redis for caches, limits and shared counts.' }),
  rabbitmqUrl: engine({ env: 'HUB_RABBITMQ_URL', description: 'RabbitMQ for hints.' }),
  mongodbUrl: engine({ env: 'HUB_MONGODB_URL', description: 'MongoDB for the read model.' }),
  masterKey: engine({
    env: 'HUB_MASTER_KEY',
    description: 'Wraps the keys of the key store: 32 bytes in base64 (`openssl rand -base64 32`); former ones on further lines.',
  }),
  integrationUrl: service({ env: 'HUB_INTEGRATION_URL', name: 'integration-service' }),
  orchestrationUrl: service({ env: 'HUB_ORCHESTRATION_URL', name: 'orchestration-service' }),
  outboundUrl: service({ env: 'HUB_OUTBOUND_URL', name: 'outbound-service' }),
  readModelUrl: service({ env: 'HUB_READ_MODEL_URL', name: 'read-model' }),
} satisfies Settings;
export type NetworkedSettings = ConfigOf<typeof networkedSettings>;
