import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import { DEAD_LETTERS, type DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentStore, StoredDocument } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';

/** Which dead letters. `cause` is a letter's `reason`, whole. */
export const letterFilter = z
  .strictObject({
    state: z.enum(['open', 'redriven', 'discarded', 'resolved', 'any']).default('open'),
    origin: z.enum(['erp', 'step', 'compensation', 'surplus']).optional(),
    partner: z.string().optional(),
    cause: z.string().optional(),
  })
  .meta({ id: 'DeadLetterFilter' });
export type LetterFilter = z.output<typeof letterFilter>;

const pageQuery = letterFilter.extend({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional(),
});
type PageQuery = z.output<typeof pageQuery>;

export const readPageQuery = (request: ApiRequest): PageQuery => parseOrFault(pageQuery, request.query);

/** Documents read from the store at once. */
const BATCH = 500;
/** Batches read for one page: a filter that matches little must not keep a request busy. The page is then short and has a cursor. */
const BATCHES_PER_PAGE = 20;

export interface LetterPage {
  readonly items: readonly DeadLetter[];
  readonly next?: string;
}

/** Newest first. */
export const findLetters = async (documents: DocumentStore, query: PageQuery): Promise<LetterPage> => {
  const items: DeadLetter[] = [];
  let after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  for (let batch = 0; batch < BATCHES_PER_PAGE; batch++) {
    const found = await readBatch(documents, query, after);
    for (const document of found) {
      const letter = letterOf(document);
      after = { value: letter.failedAt, id: document.id };
      if (matches(query, letter)) items.push(letter);
      if (items.length === query.limit) return { items, next: encodeCursor(after) };
    }
    if (found.length < BATCH) return { items };
  }
  return { items, ...(after && { next: encodeCursor(after) }) };
};

export interface Cause {
  readonly origin: DeadLetter['origin'];
  readonly cause: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

/** Letters grouped by what went wrong, most frequent first. */
export const findCauses = async (documents: DocumentStore, filter: LetterFilter): Promise<readonly Cause[]> => {
  const causes = new Map<string, Cause>();
  let after: Place | undefined;
  for (;;) {
    const found = await readBatch(documents, filter, after);
    for (const document of found) {
      const letter = letterOf(document);
      const { origin, reason, failedAt } = letter;
      after = { value: failedAt, id: document.id };
      if (!matches(filter, letter)) continue;
      const key = `${origin}\n${reason}`;
      const before = causes.get(key) ?? { origin, cause: reason, count: 0, oldest: failedAt, newest: failedAt };
      causes.set(key, { ...before, count: before.count + 1, oldest: failedAt });
    }
    if (found.length < BATCH) break;
  }
  return [...causes.values()].toSorted((left, right) => right.count - left.count);
};

export const letterOf = (document: StoredDocument): DeadLetter => document.body as unknown as DeadLetter;

type Place = { readonly value: string; readonly id: string };

const readBatch = (documents: DocumentStore, { state }: LetterFilter, after: Place | undefined) =>
  documents.find(DEAD_LETTERS, {
    ...(state !== 'any' && { filter: { state: { eq: state } } }),
    sort: { field: 'failedAt', direction: 'desc' },
    ...(after && { after }),
    limit: BATCH,
  });

const matches = ({ origin, partner, cause }: LetterFilter, letter: DeadLetter): boolean =>
  (origin === undefined || letter.origin === origin) &&
  (partner === undefined || letter.partnerId === partner) &&
  (cause === undefined || letter.reason === cause);

const encodeCursor = ({ value, id }: Place): string => Buffer.from(JSON.stringify([value, id])).toString('base64url');

const cursorContent = z.tuple([z.string(), z.string()]);
const decodeCursor = (cursor: string): Place => {
  try {
    const [value, id] = cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { value, id };
  } catch (cause) {
    const faults = [{ parameter: 'cursor', code: 'not-a-cursor', detail: 'is not a cursor of this list; start without one' }];
    throw new MalformedRequestError('the cursor cannot be read', { faults, cause });
  }
};
