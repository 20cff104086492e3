import { REDRIVE_OUTCOMES, REDRIVE_STATUSES, type RedriveDocument } from '@sagahub/contracts/messages/redrive.ts';
import { operatorReason } from '@sagahub/contracts/api/reason.ts';
import { z } from 'zod';
import { openLetterFilter } from '../admin/dead-letter-list.ts';
import { itemOf, type Job, outcomeOf, sentRevisionOf } from './state.ts';

/** Ids named in one request. */
const MAX_IDS = 10_000;

export const redriveBody = z
  .strictObject({
    filter: openLetterFilter.optional().describe('open dead letters; `{}` for all of them'),
    deadLetterIds: z.array(z.string().min(1).max(255)).min(1).max(MAX_IDS).optional().describe('instead of a filter'),
    dryRun: z.boolean().default(false).describe('send nothing, and tell what would be sent and what was already applied'),
    ratePerSecond: z.int().min(1).max(1_000).default(50).describe('items a second'),
    reason: operatorReason,
  })
  .refine(({ filter, deadLetterIds }) => (filter === undefined) !== (deadLetterIds === undefined), {
    message: 'name either a filter (`{}` for everything open) or deadLetterIds',
    path: ['filter'],
  })
  .meta({ id: 'RedriveRequest' });

const counts = z
  .object(Object.fromEntries(REDRIVE_OUTCOMES.map((outcome) => [outcome, z.int()])) as Record<(typeof REDRIVE_OUTCOMES)[number], z.ZodInt>)
  .describe('items by what became of them');

export const redriveView = z
  .object({
    redriveId: z.string(),
    status: z.enum(REDRIVE_STATUSES).describe('`listing`: its items are still being found'),
    dryRun: z.boolean(),
    filter: openLetterFilter.optional(),
    ratePerSecond: z.int(),
    by: z.string(),
    reason: z.string(),
    requestedAt: z.string(),
    updatedAt: z.string().optional(),
    finishedAt: z.string().optional(),
    total: z.int().describe('items found; all of them once it is not `listing` any more'),
    underWay: z.int().optional().describe('sent, and without an outcome yet; not in lists'),
    counts,
  })
  .meta({ id: 'Redrive' });
export type RedriveView = z.output<typeof redriveView>;

export const redrivePage = z
  .object({ items: z.array(redriveView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'RedrivePage' });

export const ITEM_STATES = ['waiting', 'under-way', ...REDRIVE_OUTCOMES] as const;

export const itemView = z
  .object({
    item: z.int().describe('0-based'),
    deadLetterId: z.string(),
    origin: z.string(),
    step: z.string(),
    partnerId: z.string(),
    objectId: z.string(),
    orderNumber: z.string().optional(),
    outcome: z.enum(ITEM_STATES),
    why: z.string().optional(),
    reference: z.string().optional().describe("the third party's"),
    attempt: z.int().optional().describe('of a dry run: the number that the attempt would have'),
    wouldSend: z.record(z.string(), z.unknown()).optional().describe('of a dry run: the payload, without personal data'),
    act: z
      .object({ stream: z.string(), revision: z.int() })
      .optional()
      .describe('the event that began the new attempt; read it by `/api/v1/events?stream=…`'),
  })
  .meta({ id: 'RedriveItem' });
export type ItemView = z.output<typeof itemView>;

export const itemPage = z
  .object({ items: z.array(itemView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'RedriveItemPage' });

export const documentView = ({ counts: counted, ...job }: RedriveDocument): RedriveView => ({ ...job, counts: allCounts(counted) });

export const jobView = (job: Job): RedriveView => {
  const counted: Record<string, number> = {};
  for (const { outcomes } of job.pages) for (const { outcome } of outcomes.values()) counted[outcome] = (counted[outcome] ?? 0) + 1;
  const { redriveId, filter, dryRun, ratePerSecond, by, reason } = job.request;
  return {
    redriveId,
    status: job.status,
    dryRun,
    ...(filter && { filter }),
    ratePerSecond,
    by,
    reason,
    requestedAt: job.requestedAt,
    total: job.total,
    underWay: job.underWay.length,
    counts: allCounts(counted),
  };
};

const allCounts = (counted: Readonly<Partial<Record<string, number>>>): RedriveView['counts'] =>
  Object.fromEntries(REDRIVE_OUTCOMES.map((outcome) => [outcome, counted[outcome] ?? 0])) as RedriveView['counts'];

/** @param index of an item that was found */
export const itemOfJob = (job: Job, index: number): ItemView => {
  const { flow: _flow, stream, ...ref } = itemOf(job, index);
  const { item: _item, ...settled } = outcomeOf(job, index) ?? { item: index, outcome: index < job.next ? 'under-way' : 'waiting' };
  const revision = sentRevisionOf(job, index);
  return { item: index, ...ref, ...settled, ...(revision !== undefined && { act: { stream, revision } }) };
};
