/** What is told of the objects of any flow: the parts that the answers of `read-model/queries/` have in common. */
import { z } from 'zod';

export const time = z.iso.datetime().describe('ISO 8601, UTC');
export const amount = z.string().describe('decimal string');

const round = z.object({ attempt: z.int(), of: z.int() }).optional();

/** @param object as a person names it: `the order` @param waitsFor whom or what it may wait for */
export const waitingViewOf = <const Word extends string>(id: string, object: string, waitsFor: readonly [Word, ...Word[]]) =>
  z
    .object({
      for: z.enum(waitsFor).describe(`whom or what ${object} waits for`),
      since: time,
      attempt: z.int().positive().optional().describe('number of the attempt that is next or under way'),
      nextAt: time.optional().describe('when it is tried again; absent: under way now, or not before somebody acts'),
      reason: z.string().optional().describe('what went wrong last, or why nothing is tried at present'),
      cause: z.string().optional().describe('groups what went wrong last, such as `http-503`'),
      round: round.describe('attempt n of N, since somebody last asked for another round'),
    })
    .meta({ id });

export const HEALTH_STATES = ['moving', 'waiting', 'overdue', 'stuck'] as const;
/** Whom or what the objects of all flows wait for. */
export const WAITS_FOR = ['hub', 'erp', 'erp-cancellation', 'processor', 'reversal', 'retry', 'operator'] as const;
export type WaitsFor = (typeof WAITS_FOR)[number];

/** @param objects as a person names them: `orders` */
export const healthViewOf = <const Word extends string>(id: string, objects: string, waitsFor: readonly [Word, ...Word[]]) =>
  z
    .object({
      state: z
        .enum(HEALTH_STATES)
        .describe('`moving`: under way; `overdue`: it takes longer than it should; `stuck`: only an operator moves it on'),
      waitsFor: z.enum(waitsFor),
      cause: z.string().describe(`stable: groups ${objects} that wait, or are stuck, for one reason`),
      reason: z.string().optional(),
      step: z.string().optional().describe('what it is at'),
      attempt: z.int().positive().optional().describe('the attempt that is next or under way'),
      round: round.describe('the same as n of N'),
      nextAt: time.optional().describe('when it is tried again'),
      since: time.describe('since when it waits for this'),
      stalledSince: time.optional().describe('since when something should have happened and did not'),
      deadLetterId: z.string().optional(),
    })
    .meta({ id });

/** Of an object of whatever flow. */
export const healthView = healthViewOf('Health', 'objects', WAITS_FOR);
export type HealthView = z.output<typeof healthView>;
export type WaitingView = Omit<z.output<ReturnType<typeof waitingViewOf<WaitsFor>>>, 'for'> & { readonly for: WaitsFor };

/** @param object as a person names it: `the order` */
export const webhookCounts = (object: string) =>
  z
    .object({ pending: z.int(), delivered: z.int(), deadLettered: z.int(), discarded: z.int() })
    .optional()
    .describe(`messages about ${object}, by what became of them; absent: nobody was told`);
export type WebhookCounts = NonNullable<z.output<ReturnType<typeof webhookCounts>>>;

export const lettersView = z
  .array(z.object({ deadLetterId: z.string(), origin: z.string(), state: z.string(), reason: z.string(), failedAt: time }))
  .describe('what an operator had to look at, oldest first');

export const timelineEntry = z
  .object({
    id: z.string().describe('opaque place in the log; resume an event stream behind it'),
    revision: z.int().nonnegative(),
    at: time,
    type: z.string(),
    area: z.enum(['intake', 'inventory', 'erp', 'processor', 'cancellation', 'operator', 'engine', 'outcome', 'webhook']),
    title: z.string(),
    detail: z.string().optional(),
    actor: z.string(),
    attempt: z.int().positive().optional(),
    durationMs: z.number().nonnegative().optional().describe('how long what ends here took'),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.output<typeof timelineEntry>;

/** One page of summaries, newest first. */
export const pageOf = <Item extends z.ZodType>(id: string, item: Item) =>
  z.object({ items: z.array(item), next: z.string().optional().describe('cursor of the next page; absent on the last one') }).meta({ id });
