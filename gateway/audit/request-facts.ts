import type { ApiRequest, ApiResponse, Route } from '@sagahub/contracts/api/route.ts';

/** As routes take it. */
const MAX_REASON = 500;
/** Bodies beyond this are loads, which have no reason. */
const MAX_PARSED = 64 * 1024;

/** Why, as the body says; nothing else of a body is recorded: it may hold secrets or personal data. */
export const reasonIn = (route: Pick<Route, 'body'>, { body }: Pick<ApiRequest, 'body'>): string | undefined => {
  if (route.body === undefined) return undefined;
  const parsed = typeof body === 'string' ? parsedOf(body) : body;
  const { reason } = (typeof parsed === 'object' ? (parsed ?? {}) : {}) as { readonly reason?: unknown };
  return typeof reason === 'string' ? reason.slice(0, MAX_REASON) : undefined;
};

/** Of a problem that a service answered; `undefined` when it did what it was asked. */
export const codeIn = ({ status, body }: ApiResponse): string | undefined => {
  if (status < 400) return undefined;
  const parsed = body instanceof Uint8Array ? parsedOf(Buffer.from(body).toString('utf8')) : body;
  const { code } = (typeof parsed === 'object' ? (parsed ?? {}) : {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'HUB_INTERNAL';
};

const parsedOf = (text: string): unknown => {
  if (text.length > MAX_PARSED) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
