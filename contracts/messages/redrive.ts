/** The events of a redrive job: stream `redrive-<redriveId>`. */
import type { EventBody } from '../events.ts';
import type { DeadLetter, DeadLetterOrigin } from './dead-letter.ts';

export const REDRIVE = 'redrive';
export const redriveStream = (redriveId: string): string => `${REDRIVE}-${redriveId}`;

/** Which open dead letters. */
export interface RedriveFilter {
  readonly origin?: DeadLetterOrigin;
  readonly partner?: string;
  readonly step?: string;
  readonly cause?: string;
  /** ISO 8601: failed last at or after, and before. */
  readonly from?: string;
  readonly to?: string;
}

/** What a job needs to know of a dead letter to act on it, whatever became of its document. */
export type RedriveItem = Pick<DeadLetter, 'deadLetterId' | 'origin' | 'flow' | 'stream' | 'objectId' | 'partnerId' | 'step'> & {
  readonly orderNumber?: string;
};

/**
 * What became of an item, for good. `would-redrive`: of a dry run. `applied`: the new attempt did it. `already-applied`: the third party
 * had it before. `failed-again`: the new round of attempts was used up too, or refused. `skipped`: nothing was tried.
 */
export const REDRIVE_OUTCOMES = ['would-redrive', 'applied', 'already-applied', 'failed-again', 'skipped'] as const;
export type RedriveOutcomeName = (typeof REDRIVE_OUTCOMES)[number];

/** 0-based number of an item, and what became of it. */
export interface ItemOutcome {
  readonly item: number;
  readonly outcome: RedriveOutcomeName;
  readonly why?: string;
  /** The third party's. */
  readonly reference?: string;
  /** Number of the attempt that a redrive would make. */
  readonly attempt?: number;
}
/** An item that was acted on: the event in the object's stream that says so. */
export interface ItemSent {
  readonly item: number;
  readonly revision: number;
}

/** Items in one {@link RedriveItemsFound} but the last: about 150 KiB. */
export const REDRIVE_PAGE = 500;

export type RedriveRequested = EventBody<
  'RedriveRequested',
  {
    readonly redriveId: string;
    /** One of the two. */
    readonly filter?: RedriveFilter;
    readonly deadLetterIds?: readonly string[];
    /** Nothing is sent; each item tells what would be. */
    readonly dryRun: boolean;
    readonly ratePerSecond: number;
    readonly by: string;
    readonly reason: string;
  }
>;
/** {@link REDRIVE_PAGE} more items. Without `next` these are the last: the set of items is fixed. */
export type RedriveItemsFound = EventBody<'RedriveItemsFound', { readonly items: readonly RedriveItem[]; readonly next?: string }>;
export type RedriveProgressed = EventBody<
  'RedriveProgressed',
  {
    readonly sent: readonly ItemSent[];
    readonly outcomes: readonly ItemOutcome[];
    /** ISO 8601: no more items are sent before. */
    readonly nextAt: string;
  }
>;
type Act = { readonly by: string; readonly reason: string };
export type RedrivePaused = EventBody<'RedrivePaused', Act>;
export type RedriveResumed = EventBody<'RedriveResumed', Act>;
/** What was sent is followed to its outcome; the rest is skipped. */
export type RedriveCancelled = EventBody<'RedriveCancelled', Act>;
export type RedriveFinished = EventBody<'RedriveFinished', { readonly counts: Readonly<Partial<Record<RedriveOutcomeName, number>>> }>;
export type RedriveEvent =
  | RedriveRequested
  | RedriveItemsFound
  | RedriveProgressed
  | RedrivePaused
  | RedriveResumed
  | RedriveCancelled
  | RedriveFinished;

/** Collection of the DocumentStore: one document per job, without its items. */
export const REDRIVES = 'redrives';
export const REDRIVE_STATUSES = ['listing', 'running', 'paused', 'cancelling', 'cancelled', 'finished'] as const;
export type RedriveStatus = (typeof REDRIVE_STATUSES)[number];
export interface RedriveDocument {
  readonly redriveId: string;
  readonly status: RedriveStatus;
  readonly filter?: RedriveFilter;
  readonly dryRun: boolean;
  readonly ratePerSecond: number;
  readonly by: string;
  readonly reason: string;
  readonly requestedAt: string;
  readonly updatedAt: string;
  readonly finishedAt?: string;
  /** Items found so far; all of them once it is not `listing` any more. */
  readonly total: number;
  readonly counts: Readonly<Partial<Record<RedriveOutcomeName, number>>>;
}
