/**
 * Everything the hub throws on purpose. Anything else that is thrown is a bug.
 *
 * `code` is stable and listed in `docs/errors.md`; partners match on it. HTTP status is decided at the
 * edge (`adapters/http/problem.ts`), from the class of the error, never where it is thrown.
 */
export abstract class HubError extends Error {
  abstract readonly code: string;
  /** May the same call succeed if it is repeated unchanged? */
  readonly retryable: boolean = false;
  /** Members added to the problem document, such as `orderId` or `links`. Never personal data or a secret. */
  readonly extensions: Readonly<Record<string, unknown>> = {};
}

/** One fault of a request: where it is, what is wrong, how to mend it. */
export interface Fault {
  /** JSON pointer as a URI fragment, e.g. `#/lines/0/quantity`. */
  readonly pointer?: string;
  /** Name of a query or path parameter. */
  readonly parameter?: string;
  readonly header?: string;
  /** Stable machine code, e.g. `required`, `unknown-field`, `not-a-decimal-string`. */
  readonly code: string;
  readonly detail: string;
}

/** 422: the request was understood, and breaks the contract in the listed places. */
export class ValidationError extends HubError {
  override readonly code = 'HUB_VALIDATION';
  override readonly extensions: { readonly errors: readonly Fault[] };
  constructor(faults: readonly Fault[]) {
    super(faults.length === 1 ? '1 field needs attention' : `${faults.length} fields need attention`);
    this.extensions = { errors: faults };
  }
}

/** 400: the request could not be read at all (syntax, encoding, a header or parameter of the wrong form). */
export class MalformedRequestError extends HubError {
  override readonly code: string;
  override readonly extensions: { readonly errors?: readonly Fault[] };
  constructor(detail: string, options: { code?: string; faults?: readonly Fault[]; cause?: unknown } = {}) {
    super(detail, { cause: options.cause });
    this.code = options.code ?? 'HUB_MALFORMED_REQUEST';
    this.extensions = options.faults ? { errors: options.faults } : {};
  }
}

/** 413 */
export class PayloadTooLargeError extends HubError {
  override readonly code = 'HUB_PAYLOAD_TOO_LARGE';
  constructor(limitBytes: number) {
    super(`the body is larger than ${limitBytes} bytes; send fewer lines per request`);
  }
}

/** 415 */
export class UnsupportedMediaTypeError extends HubError {
  override readonly code = 'HUB_UNSUPPORTED_MEDIA_TYPE';
  constructor(sent: string | undefined, accepted: readonly string[]) {
    super(`content type ${sent ?? '(none)'} is not supported here; send ${accepted.join(' or ')}`);
  }
}

/** 408: the request took too long to arrive. */
export class RequestTimeoutError extends HubError {
  override readonly code = 'HUB_REQUEST_TIMEOUT';
  override readonly retryable = true;
  constructor(timeoutMs: number) {
    super(`the request did not arrive completely within ${timeoutMs} ms`);
  }
}

/** 401: who are you? `reason` becomes the `error` of `WWW-Authenticate` (RFC 6750 section 3). */
export class UnauthenticatedError extends HubError {
  override readonly code: 'HUB_TOKEN_MISSING' | 'HUB_TOKEN_INVALID';
  constructor(reason: 'missing' | 'invalid', detail: string) {
    super(detail);
    this.code = reason === 'missing' ? 'HUB_TOKEN_MISSING' : 'HUB_TOKEN_INVALID';
  }
}

/** 401 on a callback: nothing proves that it comes from whom it says. It does not tell what would have been right. */
export class SignatureError extends HubError {
  override readonly code = 'HUB_SIGNATURE_INVALID';
  constructor() {
    super('the signature does not fit the body, or the message is not of these minutes; sign it anew with the secret that was agreed');
  }
}

/** 403: known, but not allowed. */
export class ForbiddenError extends HubError {
  override readonly code = 'HUB_INSUFFICIENT_SCOPE';
  readonly requiredScopes: readonly string[];
  constructor(requiredScopes: readonly string[]) {
    super(`this needs the scope ${requiredScopes.join(' or ')}`);
    this.requiredScopes = requiredScopes;
    this.extensions = { requiredScopes };
  }
  override readonly extensions: { readonly requiredScopes: readonly string[] };
}

/** 404: absent, or somebody else's; the two are deliberately told the same way. */
export class NotFoundError extends HubError {
  override readonly code = 'HUB_NOT_FOUND';
  constructor(what: string, advice?: string) {
    super(`${what} was not found${advice ? `; ${advice}` : ''}`);
  }
}

/** 405 */
export class MethodNotAllowedError extends HubError {
  override readonly code = 'HUB_METHOD_NOT_ALLOWED';
  readonly allowed: readonly string[];
  constructor(method: string, allowed: readonly string[]) {
    super(`${method} is not supported here; use ${allowed.join(', ')}`);
    this.allowed = allowed;
  }
}

/** 409: the request is fine, the state of the resource does not allow it. */
export class ConflictError extends HubError {
  override readonly code: string;
  override readonly extensions: Readonly<Record<string, unknown>>;
  constructor(code: string, detail: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.code = code;
    this.extensions = extensions;
  }
}

/** 422 on a reused idempotency key or order number: same name, other content. */
export class ReuseError extends HubError {
  override readonly code: 'HUB_ORDER_NUMBER_REUSED' | 'HUB_IDEMPOTENCY_KEY_REUSED' | (string & {});
  override readonly extensions: Readonly<Record<string, unknown>>;
  constructor(code: ReuseError['code'], detail: string, extensions: Readonly<Record<string, unknown>>) {
    super(detail);
    this.code = code;
    this.extensions = extensions;
  }
}

/** 410: it was here, and will not come back (e.g. a cursor of another log). */
export class GoneError extends HubError {
  override readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** 412: `If-Match` named a revision that is no longer current. */
export class PreconditionFailedError extends HubError {
  override readonly code = 'HUB_PRECONDITION_FAILED';
  constructor(what: string, current: string) {
    super(`${what} has changed; its ETag is now ${current}: read it again and repeat`);
  }
}

/** 429 */
export class RateLimitedError extends HubError {
  override readonly code = 'HUB_RATE_LIMITED';
  override readonly retryable = true;
  readonly retryAfterMs: number;
  constructor(policy: string, retryAfterMs: number) {
    super(`the limit "${policy}" is used up; retry after ${Math.ceil(retryAfterMs / 1000)} s`);
    this.retryAfterMs = retryAfterMs;
    this.extensions = { 'violated-policies': [policy] };
  }
  override readonly extensions: Readonly<Record<string, unknown>>;
}

/** 429: more comes than can be taken, and this partner sends most of it. */
export class FairShareError extends HubError {
  override readonly code = 'HUB_FAIR_SHARE_EXCEEDED';
  override readonly retryable = true;
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super('the hub is full, and most of what waits is yours; send fewer requests at once, and this one again');
    this.retryAfterMs = retryAfterMs;
  }
}

/** 503: something the hub needs is missing for the moment (disk full, engine away, draining). */
export class UnavailableError extends HubError {
  override readonly code: string;
  override readonly retryable = true;
  readonly retryAfterMs: number;
  constructor(code: string, detail: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? 1_000;
  }
}

/** More comes than can be taken in time; this request was not looked at. */
export class OverloadedError extends UnavailableError {
  constructor(retryAfterMs: number) {
    super('HUB_OVERLOADED', 'more requests come than can be taken at the moment; send this one again', { retryAfterMs });
  }
}

/** The caller's belief about a stream is stale. Retry means: read, decide again, append again. */
export class RevisionConflictError extends HubError {
  override readonly code = 'HUB_REVISION_CONFLICT';
  override readonly retryable = true;
  readonly stream: string;
  readonly expected: number;
  /** Revision of the last event the stream holds; -1 when it holds none. */
  readonly actual: number;
  constructor(stream: string, expected: number, actual: number) {
    super(`stream ${stream} is at revision ${actual}, the append expected ${expected}`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** An append of more than `MAX_APPEND_BYTES`. Never retryable. */
export class AppendTooLargeError extends HubError {
  override readonly code = 'HUB_APPEND_TOO_LARGE';
  constructor(stream: string, bytes: number, limit: number) {
    super(`the append to ${stream} is ${bytes} bytes, the limit is ${limit}`);
  }
}

/** The disk holding the log is full. Reading goes on; appending works again as soon as there is room. */
export class StorageFullError extends UnavailableError {
  constructor(cause: unknown) {
    super('HUB_STORAGE_FULL', 'the disk of the event store is full; free some space, no restart is needed', {
      retryAfterMs: 5_000,
      cause,
    });
  }
}

/** Start-up refused: every problem of the configuration, each saying what to do. */
export class ConfigurationError extends HubError {
  override readonly code = 'HUB_CONFIGURATION';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration needs attention:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** A closed port was used. */
export class ClosedError extends HubError {
  override readonly code = 'HUB_CLOSED';
  constructor(what: string) {
    super(`${what} is closed`);
  }
}

/** The idempotency key of an append already belongs to another stream. */
export class RequestKeyTakenError extends HubError {
  override readonly code = 'HUB_REQUEST_KEY_TAKEN';
  /** The stream that holds the key. */
  readonly stream: string;
  constructor(stream: string) {
    super(`the idempotency key belongs to ${stream}`);
    this.stream = stream;
  }
}

/** Start-up refused: another process owns the data folder. */
export class DataFolderInUseError extends HubError {
  override readonly code = 'HUB_DATA_FOLDER_IN_USE';
  readonly folder: string;
  /** @param owner e.g. `process 4711 on hub-1`; `undefined` when it has not said so yet */
  constructor(folder: string, owner: string | undefined) {
    super(
      `the data folder ${folder} is in use by ${owner ?? 'another process'}: a hub runs on it already. Use that one, stop it first, or set HUB_DATA_DIR to another folder`,
    );
    this.folder = folder;
  }
}

/** A leader wrote for a term that is over: another one leads. Start again from what the store says now, if you lead again. */
export class SupersededError extends HubError {
  override readonly code = 'HUB_SUPERSEDED';
  constructor(name: string, epoch: bigint) {
    super(`term ${epoch} of the ${name} is over: another process leads`);
  }
}
