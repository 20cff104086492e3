import type { DiscountRejection } from '@sagahub/contracts/ports/discounts.ts';

/** What discount calls are while they cross to the writer thread and back. */

/** States of a holder's row, stored. */
export const APPLIED = 0;
export const RELEASED = 1;
export const REJECTED = 2;

/** Holder, code and time (milliseconds) in turn. */
export type RedeemCall = readonly (string | number)[];
/** `answer`: the percent when applied, the reason when rejected. */
export type RedeemReply = readonly (
  | readonly [typeof APPLIED, percent: string]
  | readonly [typeof RELEASED]
  | readonly [typeof REJECTED, reason: DiscountRejection]
)[];
