import { behaviourParser } from '../behaviours.ts';
import type { AnyBehaviour } from '../server.ts';

/** How the simulated payment processor behaves. Every member can be changed while it runs; rates are shares of the payments, from 0 to 1. */
export interface ProcessorBehaviour extends AnyBehaviour {
  /** Answers 500 and does nothing. */
  readonly failureRate: number;
  /** Does the work, then answers 500. */
  readonly failAfterWorkRate: number;
  /** Does the work, then drops the connection without an answer. */
  readonly lostAnswerRate: number;
  readonly declineRate: number;
  readonly declineReason: string;
  /** Answers 202, and decides `laterMs` later. */
  readonly laterRate: number;
  readonly laterMs: number;
  /** What a 202 says in `Retry-After`; 0: nothing. */
  readonly retryAfterSeconds: number;
  /** How often it calls back about what it decided later. */
  readonly callbacks: 'never' | 'once' | 'twice';
  /** Refuses to take back, with 422: settled already. */
  readonly refuseReversal: boolean;
  /** The only bearer token that is let in; empty: no credential is asked for. */
  readonly bearer: string;
}

export const WELL_BEHAVED: ProcessorBehaviour = {
  latencyMs: 0,
  jitterMs: 0,
  outage: 'none',
  failureRate: 0,
  failAfterWorkRate: 0,
  lostAnswerRate: 0,
  declineRate: 0,
  declineReason: 'insufficient-funds',
  laterRate: 0,
  laterMs: 1_000,
  retryAfterSeconds: 0,
  callbacks: 'once',
  refuseReversal: false,
  bearer: '',
};

export const parseBehaviour = behaviourParser(WELL_BEHAVED, {
  outage: ['none', 'unavailable', 'refused', 'silent'],
  callbacks: ['never', 'once', 'twice'],
});

/** What one payment's token asks for. */
export interface Wish {
  readonly delayMs?: number;
  readonly decline?: string;
  readonly laterMs?: number;
  readonly never?: true;
  readonly lose?: true;
  readonly callbacks?: ProcessorBehaviour['callbacks'];
}

/**
 * Reads a token such as `tok_later_2000_decline_do-not-honour_twice`: words separated by `_`, of which these mean something.
 *
 * | word               | what happens                                                          |
 * |--------------------|-----------------------------------------------------------------------|
 * | `decline_<reason>` | it is declined                                                        |
 * | `delay_<ms>`       | the answer takes so long                                              |
 * | `later_<ms>`       | 202, and the decision so much later                                   |
 * | `never`            | 202, and never a decision                                             |
 * | `lose`             | the work is done and the first answer lost                            |
 * | `quiet`            | no callback: it has to be asked                                       |
 * | `twice`            | it calls back twice, and also about what it decided at once           |
 */
export const wishOf = (token: string): Wish => {
  const words = token.split('_');
  const behind = (word: string): string | undefined => {
    const place = words.indexOf(word);
    return place === -1 ? undefined : words[place + 1];
  };
  const ms = (word: string): number | undefined => {
    const text = behind(word);
    return text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : undefined;
  };
  const delayMs = ms('delay');
  const laterMs = ms('later');
  const decline = behind('decline');
  return {
    ...(delayMs !== undefined && { delayMs }),
    ...(laterMs !== undefined && { laterMs }),
    ...(decline !== undefined && { decline }),
    ...(words.includes('never') && { never: true as const }),
    ...(words.includes('lose') && { lose: true as const }),
    ...(words.includes('quiet') && { callbacks: 'never' as const }),
    ...(words.includes('twice') && { callbacks: 'twice' as const }),
  };
};
