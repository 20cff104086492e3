import { z } from 'zod';

export const letterView = z
  .object({
    deadLetterId: z.string(),
    origin: z.enum(['erp', 'step', 'compensation', 'surplus']),
    flow: z.string(),
    stream: z.string(),
    objectId: z.string().describe("the order's id"),
    orderNumber: z.string().optional(),
    partnerId: z.string(),
    reason: z.string(),
    status: z.int().optional().describe('HTTP status of the last answer, if there was one'),
    attempts: z.int(),
    failedAt: z.string(),
    state: z.enum(['open', 'redriven', 'discarded', 'resolved']),
    resolvedAt: z.string().optional(),
    resolvedBy: z.string().optional(),
    resolution: z.string().optional(),
    payload: z.record(z.string(), z.unknown()).describe('what was to be sent, without personal data'),
  })
  .meta({ id: 'DeadLetter' });

export const letterPage = z
  .object({ items: z.array(letterView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'DeadLetterPage' });

export const causeList = z
  .object({
    items: z.array(
      z.object({
        origin: z.enum(['erp', 'step', 'compensation', 'surplus']),
        cause: z.string(),
        count: z.int(),
        oldest: z.string(),
        newest: z.string(),
      }),
    ),
  })
  .meta({ id: 'DeadLetterCauses' });

export const outcomeView = z
  .object({ deadLetterId: z.string(), result: z.enum(['redriven', 'discarded']) })
  .meta({ id: 'DeadLetterOutcome' });

export const bulkResult = z
  .object({
    items: z.array(
      z.object({
        deadLetterId: z.string(),
        orderNumber: z.string().optional(),
        result: z.enum(['redriven', 'skipped']),
        why: z.string().optional().describe('of `skipped`'),
      }),
    ),
    more: z.boolean().describe('there are more that match'),
  })
  .meta({ id: 'RedriveResult' });
