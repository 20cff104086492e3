import type { Found, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { HttpAnswer, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { failureOutcome, isSuccess, parse, reasonOf, REFUSED, troubleOf, UNREADABLE } from '../http/answers.ts';

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

const referenceOf = (body: unknown): string | undefined => {
  if (typeof body !== 'object' || body === null) return undefined;
  const { erpRef } = body as { erpRef?: unknown };
  if (typeof erpRef === 'number') return String(erpRef);
  return typeof erpRef === 'string' && erpRef !== '' ? erpRef : undefined;
};
