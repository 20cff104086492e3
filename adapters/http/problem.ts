import { PROBLEM_MEDIA_TYPE, problemType, type Problem } from '@sagahub/contracts/api/problem.ts';
import * as errors from '@sagahub/contracts/errors.ts';

/** A problem as it goes out. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly headers?: (error: never) => Readonly<Record<string, string>>;
}
type ErrorClass = abstract new (...args: never[]) => errors.HubError;
const kind = <E extends ErrorClass>(
  type: E,
  status: number,
  title: string,
  headers?: (error: InstanceType<E>) => Readonly<Record<string, string>>,
): readonly [ErrorClass, Kind] => [type, { status, title, ...(headers && { headers }) }];

/** `Retry-After` is whole seconds, rounded up: too early would be refused again. */
const retryAfter = (ms: number) => ({ 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) });
const quoted = (text: string) => `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
const REALM = 'Bearer realm="sagahub"';

/** Every error class and its status: the one place of the hub where an HTTP status is decided. Subclasses stand before their base. */
const KINDS: readonly (readonly [ErrorClass, Kind])[] = [
  kind(errors.ValidationError, 422, 'The request breaks the contract'),
  kind(errors.MalformedRequestError, 400, 'The request cannot be read'),
  kind(errors.UnauthenticatedError, 401, 'A valid access token is needed', (error) => ({
    'www-authenticate':
      error.code === 'HUB_TOKEN_MISSING' ? REALM : `${REALM}, error="invalid_token", error_description=${quoted(error.message)}`,
  })),
  kind(errors.SignatureError, 401, 'A valid signature is needed'),
  kind(errors.ForbiddenError, 403, 'The access token does not allow this', (error) => ({
    'www-authenticate': `${REALM}, error="insufficient_scope", scope=${quoted(error.requiredScopes.join(' '))}`,
  })),
  kind(errors.NotFoundError, 404, 'Not found'),
  kind(errors.MethodNotAllowedError, 405, 'The method is not supported here', (error) => ({ allow: error.allowed.join(', ') })),
  kind(errors.RequestTimeoutError, 408, 'The request arrived too slowly', () => ({ connection: 'close' })),
  kind(errors.ConflictError, 409, 'The present state does not allow this'),
  kind(errors.RevisionConflictError, 409, 'Somebody else changed it at the same moment', () => retryAfter(0)),
  kind(errors.GoneError, 410, 'No longer available'),
  kind(errors.PreconditionFailedError, 412, 'It has changed since it was read'),
  kind(errors.PayloadTooLargeError, 413, 'The request is too large'),
  kind(errors.AppendTooLargeError, 413, 'The request is too large'),
  kind(errors.UnsupportedMediaTypeError, 415, 'The content type is not supported'),
  kind(errors.ReuseError, 422, 'The name was already used for something else'),
  kind(errors.RequestKeyTakenError, 422, 'The name was already used for something else'),
  kind(errors.RateLimitedError, 429, 'Too many requests', (error) => retryAfter(error.retryAfterMs)),
  kind(errors.FairShareError, 429, 'Too many requests', (error) => retryAfter(error.retryAfterMs)),
  kind(errors.UnavailableError, 503, 'Not available at the moment', (error) => retryAfter(error.retryAfterMs)),
  kind(errors.ClosedError, 503, 'Not available at the moment', () => retryAfter(0)),
];

/** Of errors that say nothing to a caller: bugs, and a configuration nobody outside can mend. */
const INTERNAL: Kind = { status: 500, title: 'The hub failed' };
const INTERNAL_CODE = 'HUB_INTERNAL';
const INTERNAL_DETAIL = 'this is a fault of the hub, not of the request; it was recorded under the request id';

/** Members that an error cannot set. */
const STANDARD: ReadonlySet<string> = new Set(['type', 'title', 'status', 'detail', 'code', 'instance', 'requestId', 'traceId']);

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Maps anything thrown to what the caller may know of it. */
export const problemOf = (error: unknown, requestId: string, traceparent?: string): ProblemAnswer => {
  const known = error instanceof errors.HubError ? error : undefined;
  const found = known && KINDS.find(([type]) => known instanceof type)?.[1];
  const { status, title, headers } = found ?? INTERNAL;
  const code = found && known ? known.code : INTERNAL_CODE;
  const extensions = Object.entries((found && known?.extensions) ?? {}).filter(([name]) => !STANDARD.has(name));
  const body: Problem = {
    type: problemType(code),
    title,
    status,
    detail: found && known ? known.message : INTERNAL_DETAIL,
    code,
    ...(UUID.test(requestId) && { instance: `urn:uuid:${requestId}` }),
    requestId,
    ...(traceparent && { traceId: traceparent.slice(3, 35) }),
    ...Object.fromEntries(extensions),
  };
  return { status, headers: { 'content-type': PROBLEM_MEDIA_TYPE, ...headers?.(error as never) }, body };
};

/** Something that is to be recorded. A refusal under overload is none, and recording each would be the next overload. */
export const isFault = (error: unknown, status: number): boolean => status >= 500 && !(error instanceof errors.OverloadedError);

/** What a connection gets whose bytes never became a request, by the error code of Node's parser. */
export const problemOfBrokenRequest = (parserCode: string | undefined, requestId: string): ProblemAnswer => {
  const answer = problemOf(new errors.MalformedRequestError('the request is no valid HTTP/1.1'), requestId);
  const [status, detail] =
    parserCode === 'HPE_HEADER_OVERFLOW'
      ? [431, 'the request headers are too large']
      : parserCode === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'the request did not arrive in time']
        : [400, answer.body.detail];
  return { status, headers: answer.headers, body: { ...answer.body, status, detail } };
};
