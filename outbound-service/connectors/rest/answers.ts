import type { CallTrouble, CancelOutcome, Found, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { HttpAnswer, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { retryAfterMs } from './retry-after.ts';

/**
 * What the ERP's answers mean.
 *
 * | answer                                        | submit             | look-up            | cancel             |
 * |-----------------------------------------------|--------------------|--------------------|--------------------|
 * | 2xx with what was asked for                   | done               | found              | done               |
 * | 2xx without `erpRef`                          | unknown            |                    |                    |
 * | 409 with / without `erpRef`                   | done / unknown     | misconfigured      | refused            |
 * | 408, 425, 429                                 | transient          | transient          | transient          |
 * | 5xx                                           | transient, may be done                                       |||
 * | nothing sent                                  | transient          | transient          | transient          |
 * | no answer                                     | unknown            | unknown            | unknown            |
 * | 400, 410, 413, 422                            | refused            | misconfigured      | refused            |
 * | 401, 403, 405, 407, 3xx, unreadable, bad TLS  | misconfigured      | misconfigured      | misconfigured      |
 * | 404                                           | misconfigured      | misconfigured      | refused            |
 * | any other status                              | misconfigured      | misconfigured      | refused            |
 *
 * A status the contract does not name rejects no order: somebody has to look at it first.
 */
const NOT_DONE: ReadonlySet<number> = new Set([408, 425, 429]);
const REFUSED: ReadonlySet<number> = new Set([400, 410, 413, 422]);
const CONFIGURATION: ReadonlySet<number> = new Set([401, 403, 405, 407]);

export const submitOutcome = (answer: HttpAnswer | HttpFailure, nowMs: number): SubmitOutcome => {
  if (answer.kind === 'failure') return failureOutcome(answer);
  const { status } = answer;
  if (isSuccess(status) || status === 409) {
    const body = parse(answer.bodyText);
    const reference = referenceOf(body);
    if (reference !== undefined) return { kind: 'done', reference, alreadyThere: status === 409, status };
    return isSuccess(status) && body === UNREADABLE
      ? { kind: 'misconfigured', reason: `answered ${status} with something that is not JSON`, status }
      : { kind: 'unknown', reason: `answered ${status} without erpRef`, status };
  }
  return REFUSED.has(status) ? { kind: 'refused', reason: reasonOf(answer), status } : troubleOf(answer, nowMs);
};

export const lookupOutcome = (answer: HttpAnswer | HttpFailure, externalOrderId: string, nowMs: number): LookupOutcome => {
  if (answer.kind === 'failure') return failureOutcome(answer);
  const { status } = answer;
  if (!isSuccess(status)) return troubleOf(answer, nowMs);
  const body = parse(answer.bodyText);
  if (!Array.isArray(body)) return { kind: 'misconfigured', reason: `answered a look-up with ${status} and no list`, status };
  const orders: Found[] = [];
  for (const entry of body as readonly unknown[]) {
    const reference = referenceOf(entry);
    const { externalOrderId: id, status: orderStatus } = (entry ?? {}) as { externalOrderId?: unknown; status?: unknown };
    // An ERP that does not know the parameter answers with everybody's orders.
    if (id !== externalOrderId) continue;
    if (reference === undefined) return { kind: 'unknown', reason: 'listed an order without erpRef', status };
    orders.push({ reference, live: !(typeof orderStatus === 'string' && /^cancell?ed$/i.test(orderStatus)) });
  }
  return { kind: 'found', orders };
};

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

const troubleOf = (answer: HttpAnswer, nowMs: number): CallTrouble => {
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

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

const UNREADABLE = Symbol('unreadable');
/** An empty body is readable: it says nothing. */
const parse = (text: string): unknown => {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return UNREADABLE;
  }
};

const referenceOf = (body: unknown): string | undefined => {
  if (typeof body !== 'object' || body === null) return undefined;
  const { erpRef } = body as { erpRef?: unknown };
  if (typeof erpRef === 'number') return String(erpRef);
  return typeof erpRef === 'string' && erpRef !== '' ? erpRef : undefined;
};

const REASON_LIMIT = 300;
/** Where ERPs put their reasons; the order is by how often each was met. */
const REASON_FIELDS = ['detail', 'error', 'message', 'reason', 'title'] as const;

const reasonOf = ({ status, bodyText, headers }: HttpAnswer): string => {
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
