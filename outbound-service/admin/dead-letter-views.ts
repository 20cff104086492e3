import { DEAD_LETTER_ORIGINS, DEAD_LETTER_STATES } from '@sagahub/contracts/messages/dead-letter.ts';
import { z } from 'zod';

const origin = z.enum(DEAD_LETTER_ORIGINS);
const cause = z.string().describe('groups letters by what went wrong');

const letterFields = {
  deadLetterId: z.string(),
  origin,
  flow: z.string(),
  stream: z.string(),
  objectId: z.string().describe("of the flow's object: the order's or the payment's id"),
  orderNumber: z.string().optional().describe('of an order, or of the one that a payment pays for'),
  partnerId: z.string(),
  step: z.string().describe('what gave up'),
  cause,
  reason: z.string(),
  status: z.int().optional().describe('HTTP status of the last answer, if there was one'),
  attempts: z.int(),
  firstFailedAt: z.string(),
  failedAt: z.string(),
  state: z.enum(DEAD_LETTER_STATES),
  resolvedAt: z.string().optional(),
  resolvedBy: z.string().optional(),
  resolution: z.string().optional(),
  payload: z.record(z.string(), z.unknown()).describe('what was to be sent, without personal data'),
};

export const letterView = z.object(letterFields).meta({ id: 'DeadLetter' });

export const letterDetail = z
  .object({
    ...letterFields,
    personal: z
      .union([z.record(z.string(), z.unknown()), z.literal('erased')])
      .optional()
      .describe('the personal part of the payload; for the scope `audit:personal` alone'),
    history: z
      .array(
        z.object({
          revision: z.int(),
          at: z.string(),
          type: z.string(),
          actor: z.string(),
          attempt: z.int().optional(),
          reason: z.string().optional(),
        }),
      )
      .describe('what happened to the object, oldest first: every attempt, every act'),
  })
  .meta({ id: 'DeadLetterDetail' });

export const letterPage = z
  .object({ items: z.array(letterView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'DeadLetterPage' });

export const causeList = z
  .object({
    items: z.array(
      z.object({
        origin,
        cause,
        count: z.int(),
        oldest: z.string(),
        newest: z.string(),
        reason: z.string().describe('what the newest one says'),
      }),
    ),
  })
  .meta({ id: 'DeadLetterCauses' });

export const outcomeView = z
  .object({ deadLetterId: z.string(), result: z.enum(['redriven', 'discarded']) })
  .meta({ id: 'DeadLetterOutcome' });

export const editView = z
  .object({
    deadLetterId: z.string(),
    revision: z.int().describe('of the order, behind the change'),
    diff: z.array(
      z.object({
        pointer: z.string(),
        before: z.string().optional(),
        after: z.string().optional(),
        sealed: z.literal(true).optional().describe('personal: kept sealed'),
      }),
    ),
  })
  .meta({ id: 'RequestEdited' });
