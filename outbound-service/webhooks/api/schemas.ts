import { lines } from '@sagahub/contracts/api/formats.ts';
import { WEBHOOK_TYPES, type WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import { ALL_TYPES } from '@sagahub/contracts/messages/webhook.ts';
import { z } from 'zod';
import type { Subscription } from '../subscriptions/state.ts';

const MAX_URL_LENGTH = 2_048;
const MAX_IN_FLIGHT = 64;
const DEFAULT_IN_FLIGHT = 16;
const MAX_OVERLAP_SECONDS = 30 * 24 * 60 * 60;
const DAY_SECONDS = 24 * 60 * 60;

const time = z.iso.datetime();
const typeNames = [ALL_TYPES, ...WEBHOOK_TYPES] as [typeof ALL_TYPES, ...WebhookType[]];
const types = z
  .array(z.enum(typeNames, `must be one of ${typeNames.join(', ')}`))
  .min(1, 'must name at least one type')
  .refine((names) => !names.includes(ALL_TYPES) || names.length === 1, '"*" stands for every type: name no other beside it')
  .describe('What it wants to be told of; `["*"]`: everything, whatever is added later');
const url = z
  .string()
  .max(MAX_URL_LENGTH)
  .describe(
    'Where messages are posted: `https`, public, without user, password and fragment. It stands in the history in clear: put no secret in it',
  );
const ordered = z
  .boolean()
  .describe(
    'Messages about one order or payment arrive one after the other; one that cannot be delivered holds up the later ones about the same one',
  );
const maxInFlight = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(MAX_IN_FLIGHT, `must be at most ${MAX_IN_FLIGHT}`)
  .describe(
    'Messages sent to the endpoint at once, by each process of the hub; fewer where a partner has many endpoints, which share what it may take',
  );
const description = lines(500).describe('For people');

export const createBody = z
  .strictObject({
    url,
    types: types.default([ALL_TYPES]),
    ordered: ordered.default(false),
    maxInFlight: maxInFlight.default(DEFAULT_IN_FLIGHT),
    description: description.optional(),
  })
  .meta({ id: 'CreateWebhookSubscription' });
export const changeBody = z
  .strictObject({
    url: url.optional(),
    types: types.optional(),
    ordered: ordered.optional(),
    maxInFlight: maxInFlight.optional(),
    description: description.optional(),
  })
  .meta({ id: 'ChangeWebhookSubscription' });
export const rotateBody = z
  .strictObject({
    overlapSeconds: z
      .int('must be a whole number')
      .min(0, 'must not be negative')
      .max(MAX_OVERLAP_SECONDS, 'must be at most 30 days')
      .default(DAY_SECONDS)
      .describe('How long messages are signed with the former secret too'),
  })
  .meta({ id: 'RotateWebhookSecret' });

export const recoveryView = z.object({
  recoveryId: z.uuid(),
  since: time,
  requestedAt: time,
  finished: z
    .object({
      at: time,
      requested: z.int().describe('messages that had never been asked for'),
      resent: z.int().describe('messages that had been given up'),
    })
    .optional(),
});
export const subscriptionView = z
  .object({
    subscriptionId: z.uuid(),
    partnerId: z.string(),
    url: z.string(),
    types: z.array(z.string()),
    ordered: z.boolean(),
    maxInFlight: z.int(),
    description: z.string().optional(),
    status: z.enum(['enabled', 'disabled']),
    disabled: z.object({ at: time, cause: z.enum(['manual', 'gone', 'failing']), reason: z.string() }).optional(),
    failing: z.object({ since: time, reason: z.string() }).optional().describe('since when the endpoint has taken nothing'),
    formerSecretValidUntil: time.optional(),
    recoveries: z.array(recoveryView).describe('the last few, oldest first'),
    createdAt: time,
  })
  .meta({ id: 'WebhookSubscription' });
export const subscriptionList = z.object({ items: z.array(subscriptionView) });
export const newSecretView = subscriptionView
  .extend({ secret: z.string().describe('`whsec_…`, to verify messages with. Shown this once: keep it now') })
  .meta({ id: 'WebhookSubscriptionWithSecret' });

/** The schema is the allow-list of what is shown. */
export const viewOf = (subscription: Subscription): z.output<typeof subscriptionView> => subscriptionView.parse(subscription);
