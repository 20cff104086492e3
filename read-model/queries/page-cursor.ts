import { hash } from 'node:crypto';
import { decodeCursor, encodeCursor } from '@sagahub/contracts/api/parameters.ts';

/** Where a page ended: the next one goes on behind this value of the sort field and this id. */
export interface PagePlace {
  readonly value: string;
  readonly id: string;
}

/** What a cursor is bound to: the same log, caller's view and filter. Anything else is refused. */
export const bindingOf = (logId: string, ...conditions: readonly unknown[]): string =>
  hash('sha256', JSON.stringify([logId, ...conditions]), 'base64url').slice(0, 16);

export const encodePage = (binding: string, { value, id }: PagePlace): string => encodeCursor(binding, value, id);

/** @throws MalformedRequestError it is no cursor, or of another query */
export const decodePage = (binding: string, cursor: string): PagePlace => {
  const [value = '', id = ''] = decodeCursor(cursor, binding, 2);
  return { value, id };
};
