import { SCOPES, type Scope } from '@sagahub/contracts/ports/identity.ts';
import { z } from 'zod';
import type { Client, Partner } from './state.ts';

const SCOPE_NAMES = Object.keys(SCOPES) as [Scope, ...Scope[]];
const ID_RULE = 'must be 1 to 64 lower-case letters, digits, ".", "_" or "-", beginning with a letter or digit';
const id = (what: string) =>
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, ID_RULE)
    .describe(what);
const scope = z.enum(SCOPE_NAMES, `must be one of ${SCOPE_NAMES.join(', ')}`);
const name = z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters').describe('For people');
const limit = z
  .int('must be a whole number')
  .min(0, 'must not be negative')
  .max(1_000_000_000, 'must be at most 1,000,000,000')
  .describe('Requests a minute; 0 = without a limit');

export const addPartnerBody = z
  .strictObject({ partnerId: id('Chosen by you, for good'), name, rateLimitPerMinute: limit.optional() })
  .meta({ id: 'AddPartner' });
export const changePartnerBody = z
  .strictObject({ name: name.optional(), rateLimitPerMinute: limit.optional() })
  .meta({ id: 'ChangePartner' });
export const addClientBody = z
  .strictObject({
    clientId: id('Chosen by you, for good, and unlike any other partner’s. Default: drawn').optional(),
    scopes: z.array(scope).min(1, 'must name at least one scope').describe('What its tokens may at most allow'),
  })
  .meta({ id: 'AddClient' });
const MAX_OVERLAP_SECONDS = 30 * 24 * 60 * 60;
export const rotateBody = z
  .strictObject({
    overlapSeconds: z
      .int('must be a whole number')
      .min(0, 'must not be negative')
      .max(MAX_OVERLAP_SECONDS, 'must be at most 30 days')
      .default(24 * 60 * 60)
      .describe('How long the former secret works beside the new one'),
  })
  .meta({ id: 'RotateSecret' });

export const clientView = z
  .object({
    clientId: z.string(),
    partnerId: z.string(),
    scopes: z.array(scope),
    status: z.enum(['active', 'revoked']),
    reason: z.string().optional().describe('Why it was revoked'),
    formerSecretValidUntil: z.iso.datetime().optional(),
    addedAt: z.iso.datetime(),
  })
  .meta({ id: 'Client' });
export const partnerView = z
  .object({
    partnerId: z.string(),
    name: z.string(),
    status: z.enum(['active', 'suspended']),
    reason: z.string().optional().describe('Why it was suspended or reinstated last'),
    rateLimitPerMinute: limit,
    addedAt: z.iso.datetime(),
    clients: z.array(clientView),
  })
  .meta({ id: 'Partner' });
export const newSecretView = clientView
  .extend({ clientSecret: z.string().describe('Shown this once: keep it now') })
  .meta({ id: 'ClientWithSecret' });

/** The schemas are the allow-lists of what is shown: everything else a state holds is left out. */
export const viewOfClient = (client: Client): z.output<typeof clientView> => clientView.parse(client);
export const viewOfPartner = (partner: Partner, clients: readonly Client[], defaultLimit: number): z.output<typeof partnerView> =>
  partnerView.parse({ rateLimitPerMinute: defaultLimit, ...partner, clients });
