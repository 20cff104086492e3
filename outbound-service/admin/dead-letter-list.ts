import { decodeCursor, encodeCursor, pageParameters, type QueryOf, word } from '@sagahub/contracts/api/parameters.ts';
import { DEAD_LETTERS, type DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentStore, StoredDocument } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';

const ORIGINS = ['erp', 'step', 'compensation', 'surplus'] as const;

/** Which dead letters, as query parameters. */
export const LETTER_FILTERS = {
  state: {
    description: 'Default `open`; `any` for all.',
    schema: word(['open', 'redriven', 'discarded', 'resolved', 'any']).default('open'),
  },
  origin: { description: 'What kind of step gave up.', schema: word(ORIGINS).optional() },
  partner: { description: "The partner's id.", schema: z.string().optional() },
  cause: { description: 'The whole reason, as `…/causes` lists it.', schema: z.string().optional() },
};
export const LETTER_PAGE = { ...LETTER_FILTERS, ...pageParameters(500) };
type Filters = QueryOf<typeof LETTER_FILTERS>;
export type LetterFilter = Pick<Filters, 'state'> & Partial<Filters>;
type PageQuery = LetterFilter & { readonly limit: number; readonly cursor?: string | undefined };

/** The same filters in the body of a bulk redrive, which acts on open ones alone. */
export const openLetterFilter = z
  .strictObject({
    origin: LETTER_FILTERS.origin.schema,
    partner: LETTER_FILTERS.partner.schema,
    cause: LETTER_FILTERS.cause.schema,
  })
  .meta({ id: 'DeadLetterFilter' });

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
  let after = query.cursor === undefined ? undefined : placeOf(query.cursor);
  for (let batch = 0; batch < BATCHES_PER_PAGE; batch++) {
    const found = await readBatch(documents, query, after);
    for (const document of found) {
      const letter = letterOf(document);
      after = { value: letter.failedAt, id: document.id };
      if (matches(query, letter)) items.push(letter);
      if (items.length === query.limit) return { items, next: cursorOf(after) };
    }
    if (found.length < BATCH) return { items };
  }
  return { items, ...(after && { next: cursorOf(after) }) };
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

/** What cursors belong to. */
const LIST = 'dead-letters';
const cursorOf = ({ value, id }: Place): string => encodeCursor(LIST, value, id);
const placeOf = (cursor: string): Place => {
  const [value = '', id = ''] = decodeCursor(cursor, LIST, 2);
  return { value, id };
};
