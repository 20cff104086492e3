/** What answers of HTTP interfaces mean whatever was asked; each connector adds what its own contract says. */
import type { CallTrouble, CancelOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { HttpAnswer, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { retryAfterMs } from './retry-after.ts';

const NOT_DONE: ReadonlySet<number> = new Set([408, 425, 429]);
/** Of what was submitted: for good. A status that is named nowhere refuses nothing: somebody has to look at it first. */
export const REFUSED: ReadonlySet<number> = new Set([400, 410, 413, 422]);
const CONFIGURATION: ReadonlySet<number> = new Set([401, 403, 405, 407]);

export const cancelOutcome = (answer: HttpAnswer | HttpFailure, nowMs: number): CancelOutcome => {
  if (answer.kind === 'failure') return failureOutcome(answer);
  const { status } = answer;
  if (isSuccess(status)) return { kind: 'done' };
  const isRefusal = status >= 400 && status < 500 && !NOT_DONE.has(status) && !CONFIGURATION.has(status);
  return isRefusal ? { kind: 'refused', reason: reasonOf(answer), status } : troubleOf(answer, nowMs);
};

/** No complete answer. */
export const failureOutcome = (failure: HttpFailure): CallTrouble => {
  switch (failure.reason) {
    case 'tls':
    case 'response-too-large':
    case 'malformed':
      return { kind: 'misconfigured', reason: failure.detail };
    default:
      return { kind: failure.sent ? 'unknown' : 'transient', reason: failure.detail };
  }
};

/** What an answer means that is neither what was asked for nor a refusal. */
export const troubleOf = (answer: HttpAnswer, nowMs: number): CallTrouble => {
  const { status } = answer;
  const reason = reasonOf(answer);
  if (!NOT_DONE.has(status) && status < 500) return { kind: 'misconfigured', reason, status };
  const waitMs = retryAfterMs(answer.headers['retry-after'], nowMs);
  return {
    kind: 'transient',
    reason,
    status,
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(status >= 500 && { mayBeDone: true }),
  };
};

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

export const UNREADABLE = Symbol('unreadable');
/** An empty body is readable: it says nothing. */
export const parse = (text: string): unknown => {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return UNREADABLE;
  }
};

const REASON_LIMIT = 300;
/** Where ERPs put their reasons; the order is by how often each was met. */
const REASON_FIELDS = ['detail', 'error', 'message', 'reason', 'title'] as const;

export const reasonOf = ({ status, bodyText, headers }: HttpAnswer): string => {
  const location = status >= 300 && status < 400 ? headers['location'] : undefined;
  if (location !== undefined) return `answered ${status}, redirecting to ${location}`.slice(0, REASON_LIMIT);
  const body = parse(bodyText);
  if (typeof body !== 'object' || body === null) return `answered ${status}`;
  for (const field of REASON_FIELDS) {
    const value = (body as Record<string, unknown>)[field];
    const text = typeof value === 'object' && value !== null ? (value as { message?: unknown }).message : value;
    if (typeof text === 'string' && text !== '') return `answered ${status}: ${text}`.slice(0, REASON_LIMIT);
  }
  return `answered ${status}`;
};
