/**
 * `Prefer: wait=N` (RFC 7240): how long to wait for an answer that is final, in seconds, at most `capSeconds`. The first `wait` wins;
 * other preferences, and a value that is no whole number, are ignored, as the RFC asks. `undefined`: do not wait.
 */
export const waitSecondsOf = (prefer: string | undefined, capSeconds: number): number | undefined => {
  if (prefer === undefined) return undefined;
  for (const preference of prefer.split(',')) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;|$)/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), capSeconds) || undefined;
  }
  return undefined;
};

/** What was done about it: the answer's `Preference-Applied`. */
export const waitApplied = (seconds: number): Readonly<Record<string, string>> => ({ 'preference-applied': `wait=${seconds}` });
