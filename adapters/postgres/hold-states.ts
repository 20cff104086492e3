/** States of a holder's row, stored. */
export const HELD = 0;
export const RELEASED = 1;
export const REJECTED = 2;
/** Only within the transaction that decides. */
export const UNDECIDED = 3;
