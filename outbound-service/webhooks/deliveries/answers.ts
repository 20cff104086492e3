import type { HttpAnswer, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { retryAfterMs } from '../../connectors/http/retry-after.ts';

/** What an endpoint's answer means for the message. */
export type Verdict =
  | { readonly kind: 'delivered' }
  /** Again later. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: number }
  /** 410: nothing is wanted there any more. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** The hub stops: it says nothing. */
  | { readonly kind: 'called-off' };

/** Standard Webhooks: 2xx is success, 410 ends the subscription, everything else is repeated; a redirect is a failure and never followed. */
export const verdictOf = (outcome: HttpAnswer | HttpFailure, nowMs: number): Verdict => {
  if (outcome.kind === 'failure') {
    if (outcome.reason === 'aborted') return { kind: 'called-off' };
    return { kind: 'failed', reason: outcome.detail };
  }
  const { status, headers } = outcome;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone', reason: 'the endpoint answered 410 (gone): the subscription is over' };
  const waitMs = retryAfterMs(headers['retry-after'], nowMs);
  const reason =
    status >= 300 && status < 400 ? `the endpoint answered ${status}; redirects are not followed` : `the endpoint answered ${status}`;
  return { kind: 'failed', reason, ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
};

const EXCERPT_LENGTH = 200;
/** Addresses, and words too long or too mixed to be words: tokens, keys, numbers of people. */
const PRIVATE = /[^\s"'<>]+@[^\s"'<>]+|\+?\d[\d ()./-]{7,}\d|[\w+/=-]{24,}/g;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** Beginning of what a refusing endpoint said, fit to be kept for good; `undefined` when it said nothing. */
export const excerptOf = (bodyText: string): string | undefined => {
  const text = bodyText
    .slice(0, EXCERPT_LENGTH * 4)
    .toWellFormed()
    .replaceAll(UNPRINTABLE, ' ')
    .replaceAll(PRIVATE, '[…]')
    .trim();
  return text === '' ? undefined : text.slice(0, EXCERPT_LENGTH).toWellFormed();
};
