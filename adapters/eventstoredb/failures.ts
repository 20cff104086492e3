import { HubError, UnavailableError } from '@sagahub/contracts/errors.ts';

/** Status codes of gRPC by name, as far as they matter here. */
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const ABORTED = 10;
const INTERNAL = 13;
export const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const PASSING = new Set([CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE]);

/** No answer within our own time limit. What was asked may have happened. */
export class NoAnswerError extends Error {}

/** The call failed, and may succeed when it is repeated: on the next connection, or at the leader. */
export const isPassing = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  // Without a code: no answer, no node found, a channel closed under the call. Errors of other classes are bugs.
  if (code === undefined) return error.constructor === Error || error instanceof NoAnswerError;
  return PASSING.has(code) || isNotLeader(error);
};

/**
 * Whether the client, left alone, would go on with what is broken. It reconnects by itself when the server is unavailable, when a call was
 * cancelled, and to the leader.
 */
export const needsNewClient = (error: unknown): boolean => {
  const code = codeOf(error);
  return code !== CANCELLED && code !== UNAVAILABLE && !isNotLeader(error);
};

export const isInvalidPosition = (error: unknown): boolean => codeOf(error) === INVALID_ARGUMENT;
export const isRefusedUser = (error: unknown): boolean => codeOf(error) === PERMISSION_DENIED || codeOf(error) === UNAUTHENTICATED;

/** What callers get: 503, with the engine, its URL and what to do. */
export const translated = (error: unknown, server: string): Error => {
  if (error instanceof HubError || error instanceof TypeError || error instanceof SyntaxError) return error;
  const told = isRefusedUser(error)
    ? `refuses the user of its URL, who must be allowed to append, and to read $all. It says: ${textOf(error)}`
    : isPassing(error)
      ? `does not answer as it should. Check that it runs and that its URL is right. Last: ${textOf(error)}`
      : `refuses a call: ${textOf(error)}`;
  return new UnavailableError('HUB_STORAGE_FAILED', `KurrentDB at ${server} ${told}`, { cause: error });
};

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An unavailable server rejects with a plain Error of code 14, so the code counts, not the class. */
const codeOf = (error: unknown): number | undefined => {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
};

const isNotLeader = (error: unknown): boolean => {
  const { metadata } = error as { metadata?: { get?: (key: string) => readonly unknown[] } };
  return metadata?.get?.('exception')[0]?.toString() === 'not-leader';
};
