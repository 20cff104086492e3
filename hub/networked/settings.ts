import type { ConfigOf, Setting, Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';

const needed = (env: string) => z.string(`is needed in the networked profile; set it, or ${env}_FILE`);
const addressOf = (schema: z.ZodString, schemes: readonly string[]): z.ZodString =>
  schema.refine(
    (url) => schemes.some((scheme) => url.startsWith(`${scheme}://`)),
    `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  );
const engine = ({ env, description, schemes }: EngineSetting): Setting<z.ZodString> => ({
  env,
  schema: addressOf(needed(env), schemes),
  description,
  secret: true,
});
interface EngineSetting {
  readonly env: string;
  readonly description: string;
  readonly schemes: readonly string[];
}
const service = ({ env, name }: { readonly env: string; readonly name: string }): Setting<z.ZodDefault<z.ZodString>> => ({
  env,
  schema: z.string().default(`http://${name}:8080`),
  description: `Where the gateway finds ${name}; several replicas separated by commas, or one load balancer.`,
});

/** What only the networked profile reads: the engines, and where the services are. */
export const networkedSettings = {
  eventStoreUrl: {
    env: 'HUB_EVENT_STORE_URL',
    schema: addressOf(z.string(), ['postgres', 'postgresql', 'esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover']).optional(),
    description: 'Where the log is: `postgres://…`, or `esdb://…` or `kurrentdb://…`. Default: HUB_POSTGRES_URL.',
    secret: true,
  },
  postgresUrl: engine({
    env: 'HUB_POSTGRES_URL',
    schemes: ['postgres', 'postgresql'],
    description: 'PostgreSQL for holds, open work, elections and keys, and for the log unless it is elsewhere.',
  }),
  redisUrl: engine({ env: 'HUB_REDIS_URL', schemes: ['redis', 'rediss'], description: 'Redis for caches, limits and shared counts.' }),
  rabbitmqUrl: engine({ env: 'HUB_RABBITMQ_URL', schemes: ['amqp', 'amqps'], description: 'RabbitMQ for hints.' }),
  mongodbUrl: engine({ env: 'HUB_MONGODB_URL', schemes: ['mongodb', 'mongodb+srv'], description: 'MongoDB for the read model.' }),
  masterKey: {
    env: 'HUB_MASTER_KEY',
    schema: needed('HUB_MASTER_KEY'),
    secret: true,
    description:
      'Wraps the keys of the key store: 32 bytes in base64 (`openssl rand -base64 32`); former ones on further lines. Orchestration-service needs none.',
  },
  integrationUrl: service({ env: 'HUB_INTEGRATION_URL', name: 'integration-service' }),
  orchestrationUrl: service({ env: 'HUB_ORCHESTRATION_URL', name: 'orchestration-service' }),
  outboundUrl: service({ env: 'HUB_OUTBOUND_URL', name: 'outbound-service' }),
  readModelUrl: service({ env: 'HUB_READ_MODEL_URL', name: 'read-model' }),
} satisfies Settings;
export type NetworkedSettings = ConfigOf<typeof networkedSettings>;
