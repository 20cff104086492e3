import { HubError } from '@sagahub/contracts/errors.ts';
import type { Attributes } from '@sagahub/contracts/ports/telemetry.ts';
import { isSecretKey, REDACTED, scrub } from './redaction.ts';

/** An error as a log line shows it. */
export interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}
/** A cause that leads back to itself must not hang the logger. */
const MAX_CAUSES = 8;

export const loggedError = (error: unknown, depth = 0): LoggedError => {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.constructor.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    message: scrub(error.message),
    // What the hub throws on purpose says where it comes from in its message; its stack is noise unless something else caused it.
    ...(error.stack && !(error instanceof HubError && error.cause === undefined) ? { stack: scrub(error.stack) } : {}),
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: loggedError(error.cause, depth + 1) } : {}),
  };
};

/** A log line's fields: secrets blanked, undefined left out, `traceparent` split as OpenTelemetry names it in logs. */
export const loggedFields = (fields: Attributes): Record<string, string | number | boolean> => {
  const shown: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (key === 'traceparent') {
      const [, traceId, spanId] = String(value).split('-');
      if (traceId) shown['trace_id'] = traceId;
      if (spanId) shown['span_id'] = spanId;
    } else if (isSecretKey(key)) shown[key] = REDACTED;
    else shown[key] = typeof value === 'string' ? scrub(value) : value;
  }
  return shown;
};
