/** What stock calls are while they cross to the writer thread and back. */

/** States of a holder's row, stored. */
export const HELD = 0;
export const RELEASED = 1;
export const REJECTED = 2;

/** Is inventory strict? Then holder and items in turn, the items being SKU and quantity in turn. */
export type ReserveCall = readonly [strict: boolean, ...holdersAndItems: (string | readonly string[])[]];
/** `available` is absent when the SKU is unknown. */
export type WireShortage = readonly [sku: string, requested: string, available?: string];
export type ReserveReply = readonly (typeof HELD | typeof RELEASED | readonly WireShortage[])[];
export type WireLevel = readonly [sku: string, available: string, revision: number];
