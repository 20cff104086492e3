/** What a check found: fine, worth knowing, or something that must be done. */
export type Verdict = 'ok' | 'warning' | 'problem';

export interface Finding {
  /** What was looked at, e.g. `data folder`. */
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, verdict: 'ok', detail });
export const warning = (check: string, detail: string, advice: string): Finding => ({ check, verdict: 'warning', detail, advice });
export const problem = (check: string, detail: string, advice: string): Finding => ({ check, verdict: 'problem', detail, advice });
