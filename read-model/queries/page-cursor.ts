import { hash } from 'node:crypto';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';

/** Where a page ended: the next one goes on behind this value of the sort field and this id. */
export interface PagePlace {
  readonly value: string;
  readonly id: string;
}

/** What a cursor is bound to: the same log, caller's view and filter. Anything else is refused. */
export const bindingOf = (logId: string, ...conditions: readonly unknown[]): string =>
  hash('sha256', JSON.stringify([logId, ...conditions]), 'base64url').slice(0, 16);

export const encodePage = (binding: string, { value, id }: PagePlace): string =>
  Buffer.from(JSON.stringify([binding, value, id])).toString('base64url');

/** @throws MalformedRequestError it is no cursor, or of another query */
export const decodePage = (binding: string, cursor: string): PagePlace => {
  const place = parse(cursor);
  if (place?.[0] === binding) return { value: place[1], id: place[2] };
  const detail = place
    ? 'belongs to a query with other filters: repeat that query, or start without a cursor'
    : 'is not one the hub gave you';
  throw new MalformedRequestError(`the cursor ${detail}`, {
    code: 'HUB_INVALID_PARAMETER',
    faults: [{ parameter: 'cursor', code: 'not-a-cursor', detail }],
  });
};

const parse = (cursor: string): readonly [binding: string, value: string, id: string] | undefined => {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const fits = Array.isArray(parts) && parts.length === 3 && parts.every((part) => typeof part === 'string');
    return fits ? (parts as unknown as readonly [string, string, string]) : undefined;
  } catch {
    return undefined;
  }
};
