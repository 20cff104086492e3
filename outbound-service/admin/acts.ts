import { JSON_BODY, type ApiRequest, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { z } from 'zod';

/** Every act of an operator says why: it stands in the history. */
export const reason = z.string().trim().min(1, 'must say why').max(500).describe('why; kept in the history');
export const reasonBody = z.strictObject({ reason }).meta({ id: 'OperatorReason' });

/** Who acts, as events name it. */
export const operatorOf = (request: ApiRequest): string => `client:${principalOf(request).clientId}`;

export const readReason = (request: ApiRequest): string => parseOrFault(reasonBody, request.body).reason;

/** `POST` with a reason, for operators. */
export const act = (
  path: string,
  operation: Pick<Route['operation'], 'operationId' | 'summary' | 'description' | 'tag' | 'responses'>,
  handle: Route['handle'],
): Route => ({
  method: 'POST',
  path,
  scopes: ['admin'],
  body: JSON_BODY,
  operation: { ...operation, requestSchema: reasonBody, requestExample: { reason: 'the ERP is reachable again' } },
  handle,
});
