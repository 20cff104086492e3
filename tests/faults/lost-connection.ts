/** What `fetch` says of a connection that was refused or dropped before an answer, and of one that was dropped in the middle of it. */
const LOST = ['fetch failed', 'terminated'];

/** Whoever called does not know whether it was done. */
export const isConnectionLost = (error: unknown): boolean => error instanceof Error && LOST.includes(error.message);
