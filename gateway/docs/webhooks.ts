import { TEST_TYPE, WEBHOOK_EVENTS, WEBHOOK_TYPES, webhookBody } from '@sagahub/contracts/api/webhook-events.ts';
import { z } from 'zod';
import type { ComponentSchemas, JsonSchema } from './component-schemas.ts';

/** The `webhooks` of OpenAPI 3.1: what subscribers are sent, by type. */
export const webhooksOf = (schemas: ComponentSchemas): Record<string, JsonSchema> =>
  Object.fromEntries(
    ([...WEBHOOK_TYPES, TEST_TYPE] as const).map((type) => [
      type,
      {
        post: {
          operationId: `on-${type}`,
          summary: type === TEST_TYPE ? 'Somebody asked for a test.' : WEBHOOK_EVENTS[type].summary,
          tags: ['Webhooks'],
          security: [],
          parameters: HEADERS.map(({ name, description, schema }) => ({
            name,
            in: 'header',
            required: true,
            description,
            schema: schemas.refer(schema, 'output'),
          })),
          requestBody: { required: true, content: { 'application/json': { schema: schemas.refer(webhookBody(type), 'output') } } },
          responses: {
            '2XX': { description: 'Taken' },
            '410': { description: 'Nothing is wanted any more: ends the subscription' },
            default: { description: 'Not taken: it is sent again later' },
          },
        },
      },
    ]),
  );

const HEADERS = [
  { name: 'webhook-id', description: 'Of the message: the same at every attempt', schema: z.uuid() },
  { name: 'webhook-timestamp', description: 'Of this attempt, seconds since 1970', schema: z.string() },
  {
    name: 'webhook-signature',
    description: 'One or more `v1,<base64>` separated by spaces: HMAC-SHA256 over `id.timestamp.body`, raw bytes',
    schema: z.string(),
  },
];
