import type { Fault } from '@sagahub/contracts/errors.ts';
import type { Row } from './rows.ts';

/**
 * What became of a row and of its order:
 *
 * | fate       | means                                                                                  |
 * |------------|----------------------------------------------------------------------------------------|
 * | `accepted` | the hub took the order                                                                 |
 * | `replayed` | the hub had the very same order already; nothing happened twice                        |
 * | `refused`  | the order was not taken: by the hub, or by the mapping before it was sent (see `code`) |
 * | `skipped`  | a rule of the mapping leaves the row out, and `detail` says why                        |
 */
export const FATES = ['accepted', 'replayed', 'refused', 'skipped'] as const;
export type FateKind = (typeof FATES)[number];

/** A line of the result file. Every row of the input gets exactly one. */
export interface RowFate {
  readonly file: string;
  readonly line: number;
  /** Empty when the row never became part of an order. */
  readonly orderNumber: string;
  readonly fate: FateKind;
  readonly orderId: string;
  /** Of the order when it was seen last. */
  readonly status: string;
  readonly code: string;
  readonly detail: string;
}

/** What the hub, or the mapping, said of an order. */
export type Outcome =
  | { readonly fate: 'accepted' | 'replayed'; readonly orderId: string; readonly status: string }
  | { readonly fate: 'refused'; readonly code: string; readonly detail: string; readonly faults: readonly Fault[] };

export const placeOf = ({ file, line }: { readonly file: string; readonly line: number }): string => `${file}:${line}`;

export const skippedFate = ({ file, line }: Row, orderNumber: string, reason: string): RowFate => ({
  file,
  line,
  orderNumber,
  fate: 'skipped',
  orderId: '',
  status: '',
  code: '',
  detail: reason,
});

/** One fate per row. A fault that points to a line is told at its row, every other one at all of them. */
export const rowFates = (rows: readonly Row[], orderNumber: string, outcome: Outcome): readonly RowFate[] =>
  rows.map(({ file, line }, place) => {
    const base = { file, line, orderNumber, fate: outcome.fate, orderId: '', status: '', code: '', detail: '' };
    if (outcome.fate !== 'refused') return { ...base, orderId: outcome.orderId, status: outcome.status };
    return { ...base, code: outcome.code, detail: detailAt(place, outcome) };
  });

const detailAt = (place: number, { detail, faults }: Extract<Outcome, { fate: 'refused' }>): string => {
  if (faults.length === 0) return detail;
  const own = faults.filter(({ pointer }) => {
    const line = /^#\/lines\/(\d+)(?:\/|$)/.exec(pointer ?? '')?.[1];
    return line === undefined || Number(line) === place;
  });
  return own.length === 0
    ? 'another row of the order is at fault'
    : own.map(({ pointer, detail: what }) => `${pointer ?? ''} ${what}`.trim()).join('; ');
};
