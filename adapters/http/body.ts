import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodySpec } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, PayloadTooLargeError, RequestTimeoutError, UnsupportedMediaTypeError } from '@sagahub/contracts/errors.ts';
import { parseJson } from './json-text.ts';

export const DEFAULT_BODY_BYTES = 512 * 1024;
/** Of arrays and objects; an order needs 3. */
const MAX_JSON_DEPTH = 32;

/** The client left before its request was complete; nobody is there to be answered. */
export class ClientGoneError extends Error {}

/** The body, unread as yet: calling it gives what the route's `spec` wants, or `undefined` when there is none and there need not be one. */
export const receiveBody = async (
  request: IncomingMessage,
  response: ServerResponse,
  spec: BodySpec,
  timeoutMs: number,
): Promise<() => unknown> => {
  if (!hasBody(request)) {
    if (spec.optional) return () => undefined;
    throw new MalformedRequestError(`a body is required here; send ${Object.keys(spec.types).join(' or ')}`, { code: 'HUB_BODY_MISSING' });
  }
  const form = formOf(request.headers, spec);
  const bytes = await readBytes(request, response, spec.maxBytes ?? DEFAULT_BODY_BYTES, timeoutMs);
  return () => decodeBody(bytes, form);
};

/** @throws MalformedRequestError no UTF-8, or no JSON */
export const decodeBody = (bytes: Buffer, form: 'json' | 'text'): unknown => {
  if (!isUtf8(bytes)) throw new MalformedRequestError('the body is not valid UTF-8');
  const text = bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  return form === 'json' ? parseJson(text, MAX_JSON_DEPTH) : text;
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0');

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;
/** @throws UnsupportedMediaTypeError */
export const formOf = (
  headers: Pick<IncomingMessage['headers'], 'content-type' | 'content-encoding'>,
  spec: Pick<BodySpec, 'types'>,
): 'json' | 'text' => {
  const sent = headers['content-type'];
  const refuse = (what: string | undefined) => new UnsupportedMediaTypeError(what, Object.keys(spec.types));
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    throw refuse(`${sent} encoded as ${headers['content-encoding']}`);
  if (sent === undefined) throw refuse(undefined);
  const exact = Object.hasOwn(spec.types, sent) ? spec.types[sent] : undefined;
  if (exact) return exact;
  const mediaType = sent.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const form = Object.hasOwn(spec.types, mediaType) ? spec.types[mediaType] : undefined;
  const charset = CHARSET.exec(sent)?.[1]?.toLowerCase();
  if (!form || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')) throw refuse(sent);
  return form;
};

const readBytes = (request: IncomingMessage, response: ServerResponse, maxBytes: number, timeoutMs: number): Promise<Buffer> => {
  if (Number(request.headers['content-length']) > maxBytes) return Promise.reject(new PayloadTooLargeError(maxBytes));
  if (request.headers.expect !== undefined) response.writeContinue();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void) => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      act();
    };
    const fail = (error: Error) =>
      settle(() => {
        request.pause();
        reject(error);
      });
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) fail(new PayloadTooLargeError(maxBytes));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)));
    const onGone = () => fail(new ClientGoneError('the client left before its request was complete'));
    const timer = setTimeout(() => fail(new RequestTimeoutError(timeoutMs)), timeoutMs);
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
    if (request.destroyed) onGone();
  });
};
