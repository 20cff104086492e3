import type { EventBody } from '../events.ts';

/** Stream `hub`: the installation itself. Its first event is the log's first event. */
export const HUB_STREAM = 'hub';
export type LogCreated = EventBody<
  'LogCreated',
  {
    /** Random UUID of this log; cursors carry it. */
    readonly logId: string;
    /** Random UUID; the namespace of `orderId = UUIDv5(namespace, partnerId + "\n" + orderNumber)`. */
    readonly namespace: string;
  }
>;
/** The data folder has been used with the built-in ERP simulator: its orders stay bound to it. */
export type DemoMarked = EventBody<'DemoMarked', { readonly reason: string }>;
/** The keys of a person's data were destroyed: what they sealed can never be read again. */
export type SubjectErased = EventBody<
  'SubjectErased',
  {
    readonly partnerId: string;
    /** HMAC-SHA-256, hex, of partner and buyer id: tells whether two erasures were of one person, and not of whom. */
    readonly subject: string;
    /** How many there were; 0: nothing was held, or it had been erased before. */
    readonly keys: number;
    readonly by: string;
    readonly reason: string;
  }
>;

/** Stream `breaker-<connector>`. */
export type BreakerOpened = EventBody<
  'BreakerOpened',
  {
    readonly connector: string;
    readonly cause: string;
    readonly by: string /** Absent: open until somebody closes it. */;
    readonly probeAt?: string;
  }
>;
export type BreakerClosed = EventBody<'BreakerClosed', { readonly connector: string; readonly by: string; readonly reason?: string }>;
export type BreakerEvent = BreakerOpened | BreakerClosed;
export const breakerStream = (connector: string): string => `breaker-${connector}`;
/** `by` of what a process decided by itself. */
export const BY_HUB = 'hub';
/** What somebody opened by hand is closed by hand: nothing that a process decided by itself moves it. */
export const movesBreaker = (event: BreakerEvent, openedBy: string | undefined): boolean =>
  openedBy === undefined || openedBy === BY_HUB || event.data.by !== BY_HUB;

/** Written by the engine into the object's own stream when a handler threw. */
export type StepFaulted = EventBody<
  'StepFaulted',
  {
    readonly step: string;
    readonly attempt: number;
    readonly error: string /** Absent: given up, the object is stuck. */;
    readonly nextAt?: string;
  }
>;
/** Of an act on a dead letter: which one, and the redrive job it belongs to, if any. Two acts of one job on one letter are told by it. */
export type Redriven = { readonly deadLetterId?: string; readonly redriveId?: string };
/** An operator asks for another round of a faulted step. */
export type StepRetried = EventBody<'StepRetried', { readonly step: string; readonly by: string; readonly reason: string } & Redriven>;
export type EngineEvent = StepFaulted | StepRetried;
