/** What an append is while it crosses to the writer thread and back: flat, because cloning costs by the member. */

/** Stream, expected revision, request key, then the bytes of each event. */
export type AppendCall = readonly [stream: string, expectedRevision: number, requestKey: string | null, ...bytes: string[]];

export const APPENDED = 0;
export const REPEATED = 1;
export const CONFLICT = 2;
export const KEY_TAKEN = 3;
export type AppendReply =
  /** `hashes`: 64 characters for each event. `timesMs`: of each event, when any had to be raised. */
  | readonly [kind: typeof APPENDED, firstPosition: number, hashes: string, timesMs: readonly number[] | undefined]
  /** The very call succeeded before. */
  | readonly [kind: typeof REPEATED]
  | readonly [kind: typeof CONFLICT, actualRevision: number]
  | readonly [kind: typeof KEY_TAKEN, stream: string];

/** Where `time` stands in an event's bytes: `encodeEvent` writes it first, in 24 characters. */
export const TIME_START = '{"time":"'.length;
export const TIME_END = TIME_START + '2026-01-01T00:00:00.000Z'.length;
