/** What operators and auditors read about the hub itself: answers of `read-model/queries/` and `read-model/audit/`. */
import { z } from 'zod';

const position = z.string().describe('opaque place in the log');

/** Exact as of its `position`, and adding up: accepted = approved + declined + expired + cancelled + refunded + stuck + inFlight. */
const paymentStats = z
  .object({
    position,
    accepted: z.int(),
    approved: z.int(),
    declined: z.int(),
    expired: z.int(),
    cancelled: z.int(),
    refunded: z.int(),
    stuck: z.int(),
    inFlight: z.int(),
  })
  .meta({ id: 'PaymentStats' });

/** Of orders. Exact as of `position`, and adding up: accepted = completed + rejected + cancelled + stuck + inFlight. */
export const hubStats = z
  .object({
    position,
    accepted: z.int(),
    completed: z.int(),
    rejected: z.int(),
    cancelled: z.int(),
    stuck: z.int(),
    inFlight: z.int(),
    payments: paymentStats,
  })
  .meta({ id: 'HubStats' });
export type HubStats = z.output<typeof hubStats>;

export const rebuildProgress = z
  .object({ events: z.int(), total: z.int(), eventsPerSecond: z.number(), finished: z.boolean() })
  .meta({ id: 'RebuildProgress' });
export type RebuildProgress = z.output<typeof rebuildProgress>;

export const projectionStatus = z
  .object({
    name: z.string(),
    position,
    lagEvents: z.int().describe('counted up to 1,000 where positions of the log have gaps'),
    lagSeconds: z.number(),
    parked: z.int(),
    failing: z.string().optional().describe('why nothing is written at present; it is retried'),
    rebuilding: rebuildProgress.optional(),
  })
  .meta({ id: 'ProjectionStatus' });
export type ProjectionStatus = z.output<typeof projectionStatus>;

export const parkedStream = z
  .object({
    stream: z.string(),
    revision: z.int().describe('of the event that cannot be projected'),
    position,
    type: z.string(),
    error: z.string(),
    parkedAt: z.string(),
  })
  .meta({ id: 'ParkedStream' });
export type ParkedStreamView = z.output<typeof parkedStream>;

export const difference = z
  .object({
    collection: z.string(),
    id: z.string(),
    kind: z.enum(['missing', 'behind', 'differs', 'parked']),
    paths: z.array(z.string()).describe('JSON pointers of the members that differ'),
  })
  .meta({ id: 'Difference' });
export type Difference = z.output<typeof difference>;

export const driftReport = z
  .object({
    streams: z.int().describe('compared so far'),
    finished: z.boolean(),
    drifted: z.int(),
    differences: z.array(difference).describe('the first hundred'),
  })
  .meta({ id: 'DriftReport' });
export type DriftReport = z.output<typeof driftReport>;

export const holdsDifference = z.object({
  kind: z.enum(['stock', 'discount']),
  name: z.string().describe('SKU or code'),
  field: z.enum(['free', 'held', 'loaded', 'redeemed']),
  expected: z.string().optional().describe('by the log; absent: it does not know it'),
  actual: z.string().optional().describe('by the table; absent: it does not know it'),
});

export const holdsReport = z
  .object({
    names: z.int().describe('SKUs and codes compared'),
    finished: z.boolean(),
    differing: z.int(),
    differences: z.array(holdsDifference).describe('the first hundred'),
  })
  .meta({ id: 'HoldsReport' });
export type HoldsReport = z.output<typeof holdsReport>;

export const auditFault = z
  .object({
    kind: z.enum(['edited', 'removed', 'moved', 'unreadable']),
    position,
    ordinal: z.string().describe('the position as a number, for looking at the database'),
    stream: z.string().optional(),
    revision: z.int().optional(),
    detail: z.string(),
  })
  .meta({ id: 'AuditFault' });
export type AuditFault = z.output<typeof auditFault>;

export const auditReport = z
  .object({
    events: z.int(),
    streams: z.int(),
    finished: z.boolean(),
    intact: z.boolean().describe('nothing wrong was found so far'),
    fault: auditFault.optional().describe('the first event edited, removed or moved'),
    head: position.optional().describe('the last event checked'),
  })
  .meta({ id: 'AuditReport' });
export type AuditReport = z.output<typeof auditReport>;
