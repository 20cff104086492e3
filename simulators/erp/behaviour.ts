/** How the simulated ERP behaves. Every member can be changed while it runs; rates are shares of the calls, from 0 to 1. */
export interface ErpBehaviour {
  /** Before each answer, plus up to `jitterMs` more. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Answers 500 and does nothing. */
  readonly failureRate: number;
  /** Does the work, then answers 500. */
  readonly failAfterWorkRate: number;
  /** Does the work, then drops the connection without an answer. */
  readonly lostAnswerRate: number;
  /** Answers nothing, and does the work `slowCommitMs` later, when the caller has given up. */
  readonly slowCommitRate: number;
  readonly slowCommitMs: number;
  /** `unavailable`: answers 503. `refused`: the listening socket is closed. `silent`: accepts calls and never answers. */
  readonly outage: 'none' | 'unavailable' | 'refused' | 'silent';
  /**
   * What goes wrong with an answer to `POST /orders`, at `garbageRate`. `html`: 200 and a page. `no-reference`: 201 without `erpRef`;
   * the work is done. `endless`: a body that never stops. `redirect`: 302. Only `no-reference` does the work.
   */
  readonly garbage: 'none' | 'html' | 'no-reference' | 'endless' | 'redirect';
  readonly garbageRate: number;
  /** Does a second POST of the same key make a second order? */
  readonly duplicates: 'refused' | 'possible';
  /** How a second POST of a key is answered where duplicates are refused. */
  readonly repeatStatus: 200 | 409;
  /** A new order shows in look-ups only this long after it was made. */
  readonly lookupDelayMs: number;
  /** Refused with 422. */
  readonly refusedSkus: readonly string[];
  readonly refusedCustomers: readonly string[];
  /** Refuses to cancel, with 422: shipped already. */
  readonly refuseCancellation: boolean;
  /** The only bearer token that is let in; empty: no credential is asked for. */
  readonly bearer: string;
  /** Orders a second before 429 with `Retry-After: retryAfterSeconds`; 0: without a limit. */
  readonly rateLimitPerSecond: number;
  readonly retryAfterSeconds: number;
}

export const WELL_BEHAVED: ErpBehaviour = {
  latencyMs: 0,
  jitterMs: 0,
  failureRate: 0,
  failAfterWorkRate: 0,
  lostAnswerRate: 0,
  slowCommitRate: 0,
  slowCommitMs: 1_000,
  outage: 'none',
  garbage: 'none',
  garbageRate: 1,
  duplicates: 'refused',
  repeatStatus: 409,
  lookupDelayMs: 0,
  refusedSkus: [],
  refusedCustomers: [],
  refuseCancellation: false,
  bearer: '',
  rateLimitPerSecond: 0,
  retryAfterSeconds: 1,
};

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  outage: ['none', 'unavailable', 'refused', 'silent'],
  garbage: ['none', 'html', 'no-reference', 'endless', 'redirect'],
  duplicates: ['refused', 'possible'],
  repeatStatus: [200, 409],
};

/** Reads a change sent to the control endpoint. @throws TypeError naming the member that is wrong */
export const parseBehaviour = (input: unknown): Partial<ErpBehaviour> => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new TypeError('send an object of behaviours to change');
  for (const [name, value] of Object.entries(input)) {
    if (!Object.hasOwn(WELL_BEHAVED, name))
      throw new TypeError(`${name} is no behaviour; there are ${Object.keys(WELL_BEHAVED).join(', ')}`);
    const expected = expectation(name);
    if (!expected.holds(value)) throw new TypeError(`${name} must be ${expected.words}`);
  }
  return input;
};

const expectation = (name: string): { readonly words: string; readonly holds: (value: unknown) => boolean } => {
  const choices = CHOICES[name];
  if (choices) return { words: choices.join(' or '), holds: (value) => choices.includes(value) };
  const usual = WELL_BEHAVED[name as keyof ErpBehaviour];
  if (Array.isArray(usual))
    return { words: 'a list of strings', holds: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string') };
  if (typeof usual !== 'number') return { words: `a ${typeof usual}`, holds: (value) => typeof value === typeof usual };
  return name.endsWith('Rate')
    ? { words: 'a share from 0 to 1', holds: (value) => isNumber(value) && value <= 1 }
    : { words: 'a number, 0 or more', holds: isNumber };
};

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
