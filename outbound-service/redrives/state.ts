import {
  type ItemOutcome,
  type ItemSent,
  REDRIVE_PAGE,
  type RedriveItem,
  type RedriveRequested,
  type RedriveStatus,
} from '@sagahub/contracts/messages/redrive.ts';

/**
 * A job.
 *
 * ```
 * none → listing → running ⇄ paused      (what is under way is followed to its outcome while paused too)
 *           └─────────┴────────┴→ cancelling → cancelled
 *                     └→ finished
 * ```
 */
export type RedriveState = { readonly status: 'none' } | Job;

export interface Job {
  readonly status: RedriveStatus;
  readonly request: RedriveRequested['data'];
  readonly requestedAt: string;
  /** Where listing goes on. */
  readonly cursor: string | undefined;
  /** Every page but the last has {@link REDRIVE_PAGE} items. */
  readonly pages: readonly ItemPage[];
  readonly total: number;
  /** The first item that was not acted on; all before it were. */
  readonly next: number;
  /** Acted on, and without an outcome yet. */
  readonly underWay: readonly ItemSent[];
  /** Items with an outcome. */
  readonly done: number;
  /** Events that moved the job on: what a worker says it has seen when it records more. */
  readonly progress: number;
  readonly nextAtMs: number;
  readonly sinceMs: number;
}

export interface ItemPage {
  readonly items: readonly RedriveItem[];
  /** By place in the page. */
  readonly outcomes: ReadonlyMap<number, ItemOutcome>;
  readonly sent: ReadonlyMap<number, number>;
}

export const itemOf = ({ pages }: Job, index: number): RedriveItem => pages[pageOf(index)]!.items[placeOf(index)]!;
export const outcomeOf = ({ pages }: Job, index: number): ItemOutcome | undefined => pages[pageOf(index)]?.outcomes.get(placeOf(index));
/** Revision, in the object's stream, of the act on it. */
export const sentRevisionOf = ({ pages }: Job, index: number): number | undefined => pages[pageOf(index)]?.sent.get(placeOf(index));

const pageOf = (index: number): number => Math.floor(index / REDRIVE_PAGE);
const placeOf = (index: number): number => index % REDRIVE_PAGE;

/** Pages are replaced only where something changed: a job of 100,000 items must not be copied with each event. */
export const withProgress = (
  pages: readonly ItemPage[],
  sent: readonly ItemSent[],
  outcomes: readonly ItemOutcome[],
): readonly ItemPage[] => {
  const next = [...pages];
  const changed = new Map<number, { readonly outcomes: Map<number, ItemOutcome>; readonly sent: Map<number, number> }>();
  const pageAt = (index: number) => {
    const number = pageOf(index);
    let page = changed.get(number);
    if (!page) {
      const before = pages[number]!;
      page = { outcomes: new Map(before.outcomes), sent: new Map(before.sent) };
      changed.set(number, page);
      next[number] = { ...before, ...page };
    }
    return page;
  };
  for (const { item, revision } of sent) pageAt(item).sent.set(placeOf(item), revision);
  for (const outcome of outcomes) pageAt(outcome.item).outcomes.set(placeOf(outcome.item), outcome);
  return next;
};
