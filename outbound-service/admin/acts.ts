import { JSON_BODY, type ApiRequest, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { operatorReasonBody } from '@sagahub/contracts/api/reason.ts';

/** Who acts, as events name it. */
export const operatorOf = (request: ApiRequest): string => `client:${principalOf(request).clientId}`;

export const readReason = (request: ApiRequest): string => parseOrFault(operatorReasonBody, request.body).reason;

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
  operation: { ...operation, requestSchema: operatorReasonBody, requestExample: { reason: 'the ERP is reachable again' } },
  handle,
});
