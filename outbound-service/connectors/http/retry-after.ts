/** Longest wait taken over from a third party: a mistaken `Retry-After` must not park an order for days. */
const LONGEST_MS = 60 * 60 * 1_000;

/** `Retry-After` in seconds or as an HTTP date; `undefined` when it is absent or unreadable. */
export const retryAfterMs = (header: string | undefined, nowMs: number): number | undefined => {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), LONGEST_MS);
};
