import { problemType, PROBLEM_MEDIA_TYPE } from '@sagahub/contracts/api/problem.ts';
import { isJson, type Route } from '@sagahub/contracts/api/route.ts';
import { EXPIRED } from '../oauth/token-verifier.ts';
import type { JsonSchema } from './component-schemas.ts';

interface Common {
  readonly name: string;
  readonly description: string;
  /** An example of the problem. */
  readonly code: string;
  readonly detail: string;
  readonly title: string;
  readonly members?: JsonSchema;
  readonly headers?: readonly string[];
}

/** The answers that every route of a kind may give, without its service knowing. */
const COMMON: Readonly<Record<number, Common>> = {
  400: {
    name: 'Malformed',
    description: 'The request cannot be read',
    code: 'HUB_MALFORMED_JSON',
    title: 'The request cannot be read',
    detail: 'the body is no JSON: expected "," or "}" at line 3, column 5',
  },
  401: {
    name: 'Unauthenticated',
    description: 'A valid access token is needed',
    code: 'HUB_TOKEN_INVALID',
    title: 'A valid access token is needed',
    detail: EXPIRED,
    headers: ['WWW-Authenticate'],
  },
  403: {
    name: 'Forbidden',
    description: 'The access token lacks the scope',
    code: 'HUB_INSUFFICIENT_SCOPE',
    title: 'The access token does not allow this',
    detail: 'this needs the scope orders:write',
    members: { requiredScopes: ['orders:write'] },
    headers: ['WWW-Authenticate'],
  },
  404: {
    name: 'NotFound',
    description: 'Absent, or not yours',
    code: 'HUB_NOT_FOUND',
    title: 'Not found',
    detail: 'this order was not found',
  },
  408: {
    name: 'TooSlow',
    description: 'The request arrived too slowly',
    code: 'HUB_REQUEST_TIMEOUT',
    title: 'The request arrived too slowly',
    detail: 'the request did not arrive completely within 30000 ms',
  },
  413: {
    name: 'TooLarge',
    description: 'The body is too large',
    code: 'HUB_PAYLOAD_TOO_LARGE',
    title: 'The request is too large',
    detail: 'the body is larger than 524288 bytes; send fewer lines per request',
  },
  415: {
    name: 'WrongMediaType',
    description: 'The content type is not supported',
    code: 'HUB_UNSUPPORTED_MEDIA_TYPE',
    title: 'The content type is not supported',
    detail: 'content type text/xml is not supported here; send application/json',
  },
  422: {
    name: 'Invalid',
    description: 'The request breaks the contract; every fault is listed',
    code: 'HUB_VALIDATION',
    title: 'The request breaks the contract',
    detail: '1 field needs attention',
    members: { errors: [{ pointer: '#/lines/0/quantity', code: 'not-a-positive-decimal', detail: 'must be greater than 0' }] },
  },
  429: {
    name: 'TooManyRequests',
    description: 'The quota is used up',
    code: 'HUB_RATE_LIMITED',
    title: 'Too many requests',
    detail: 'the limit "partner" is used up; retry after 12 s',
    members: { 'violated-policies': ['partner'] },
    headers: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  },
  500: {
    name: 'HubFailed',
    description: 'A fault of the hub',
    code: 'HUB_INTERNAL',
    title: 'The hub failed',
    detail: 'this is a fault of the hub, not of the request; it was recorded under the request id',
  },
  503: {
    name: 'Unavailable',
    description: 'Not available at the moment; repeat the request unchanged',
    code: 'HUB_STORAGE_FULL',
    title: 'Not available at the moment',
    detail: 'the disk of the event store is full; free some space, no restart is needed',
    headers: ['Retry-After'],
  },
};

/** `components.responses`. */
export const commonResponses = (problem: JsonSchema): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(COMMON).map(([status, common]) => [common.name, responseOf(Number(status), common, problem)]));

const REQUEST_ID = '01a20190-e97c-7094-94d0-a892f0f32a99';
const responseOf = (
  status: number,
  { description, code, title, detail, members, headers = [] }: Common,
  problem: JsonSchema,
): JsonSchema => ({
  description,
  headers: Object.fromEntries(
    ['X-Request-ID', 'X-Correlation-ID', ...headers].map((name) => [
      name,
      name === 'WWW-Authenticate' ? { description: 'RFC 6750', schema: { type: 'string' } } : { $ref: `#/components/headers/${name}` },
    ]),
  ),
  content: {
    [PROBLEM_MEDIA_TYPE]: {
      schema: problem,
      example: {
        type: problemType(code),
        title,
        status,
        detail,
        code,
        instance: `urn:uuid:${REQUEST_ID}`,
        requestId: REQUEST_ID,
        ...members,
      },
    },
  },
});

/** Which of them a route may give. */
export const problemResponsesOf = ({ scopes, body, path, operation, unlimited }: Route): Record<string, JsonSchema> => {
  const json = body !== undefined && Object.keys(body.types).some(isJson);
  const statuses = [
    ...(body || operation.query ? [400] : []),
    ...(scopes.length > 0 ? [401, 403] : []),
    ...(path.includes(':') ? [404] : []),
    ...(body ? [408, 413, 415] : []),
    ...(json ? [422] : []),
    ...(unlimited ? [] : [429]),
    500,
    503,
  ];
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${COMMON[status]?.name}` }]));
};
