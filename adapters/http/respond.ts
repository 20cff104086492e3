import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiResponse } from '@sagahub/contracts/api/route.ts';

export type Headers = Record<string, string>;

/** Sends a response. Resolves when it was handed over: for a stream, when that has ended or the client has left. */
export const respond = async (request: IncomingMessage, response: ServerResponse, answer: ApiResponse, common: Headers): Promise<void> => {
  const { body } = answer;
  for (const name in answer.headers) common[name.toLowerCase()] = answer.headers[name] ?? '';
  if (isStream(body)) return stream(request, response, answer.status, common, body);
  const payload = encode(body, common);
  if (payload !== undefined) common['content-length'] = String(Buffer.byteLength(payload));
  else if (answer.status !== 204 && answer.status !== 304) common['content-length'] = '0';
  const unread = hasUnreadBody(request);
  if (unread) common['connection'] = 'close';
  response.writeHead(answer.status, common);
  if (unread) lingerThenEnd(request, response, payload);
  else response.end(payload);
};

const encode = (body: Exclude<ApiResponse['body'], AsyncIterable<string>>, headers: Headers): string | Uint8Array | undefined => {
  if (body === undefined) return undefined;
  if (typeof body === 'string') {
    headers['content-type'] ??= 'text/plain; charset=utf-8';
    return body;
  }
  if (body instanceof Uint8Array) return body;
  headers['content-type'] ??= 'application/json';
  return JSON.stringify(body);
};

const isStream = (body: ApiResponse['body']): body is AsyncIterable<string> => typeof body === 'object' && Symbol.asyncIterator in body;

const stream = async (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Headers,
  body: AsyncIterable<string>,
): Promise<void> => {
  const iterator = body[Symbol.asyncIterator]();
  headers['content-type'] ??= 'text/plain; charset=utf-8';
  response.writeHead(status, headers);
  const left = new Promise<undefined>((resolve) => response.once('close', () => resolve(undefined)));
  try {
    if (request.method === 'HEAD') return;
    response.flushHeaders();
    while (!response.destroyed) {
      // A source that never looks at its signal must not be waited for once the client has left.
      const next = await Promise.race([iterator.next(), left]);
      if (!next || next.done) break;
      if (!response.write(next.value)) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), left]);
    }
  } catch (error) {
    // The status is already out: cutting the connection is the only way left to say that this is not all.
    response.destroy();
    throw error;
  } finally {
    void iterator.return?.().catch(() => undefined);
    response.end();
  }
};

/** A body that nobody will read, and that is too long to be skipped for the sake of the connection. */
const SKIPPABLE_BYTES = 64 * 1024;
const hasUnreadBody = (request: IncomingMessage): boolean => {
  if (request.complete || request.readableEnded) return false;
  const { headers } = request;
  if (headers.expect !== undefined) return true;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SKIPPABLE_BYTES;
};

const LINGER_MS = 1_000;
const LINGER_BYTES = 1024 * 1024;
/**
 * Answers, and closes only after the client had a moment to read the answer: closing with bytes unread makes the
 * kernel send a reset, which many clients report instead of our 413 or 401. One that sends megabytes before it looks is held up, not cut off.
 */
const lingerThenEnd = (request: IncomingMessage, response: ServerResponse, payload: string | Uint8Array | undefined): void => {
  let skipped = 0;
  const end = () => {
    clearTimeout(timer);
    request.off('data', skip).off('end', end).off('close', end);
    request.pause();
    response.end();
    response.once('finish', () => request.socket.destroySoon());
  };
  const skip = (chunk: Buffer) => {
    skipped += chunk.length;
    if (skipped > LINGER_BYTES) request.pause();
  };
  const timer = setTimeout(end, LINGER_MS);
  response.flushHeaders();
  if (payload !== undefined) response.write(payload);
  request.on('data', skip).on('end', end).on('close', end).resume();
};
