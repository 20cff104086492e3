import { decodeCursor, encodeCursor, moment, pageParameters, type QueryOf, word } from '@sagahub/contracts/api/parameters.ts';
import {
  DEAD_LETTER_COLLECTIONS,
  DEAD_LETTER_ORIGINS,
  DEAD_LETTER_STATES,
  type DeadLetter,
} from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentFilter, DocumentStore, StoredDocument } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';

/** Which dead letters, as query parameters. */
export const LETTER_FILTERS = {
  state: { description: 'Default `open`; `any` for all.', schema: word([...DEAD_LETTER_STATES, 'any']).default('open') },
  origin: { description: 'What kind of work gave up.', schema: word(DEAD_LETTER_ORIGINS).optional() },
  partner: { description: "The partner's id.", schema: z.string().max(255).optional() },
  step: { description: 'The step that gave up.', schema: z.string().max(255).optional() },
  cause: {
    description: 'As `…/causes` lists it, or with its origin before it as the work list names it: `erp:http-503`.',
    schema: z.string().max(255).optional(),
  },
  from: { description: 'Failed last at or after this time.', schema: moment.optional() },
  to: { description: 'Failed last before this time.', schema: moment.optional() },
};
export const LETTER_PAGE = { ...LETTER_FILTERS, ...pageParameters(500) };
type Filters = QueryOf<typeof LETTER_FILTERS>;
export type LetterFilter = Pick<Filters, 'state'> & Partial<Filters>;
type PageQuery = LetterFilter & { readonly limit: number; readonly cursor?: string | undefined };

/** The same filters in the body of a redrive, which acts on open ones alone. */
export const openLetterFilter = z
  .strictObject({
    origin: LETTER_FILTERS.origin.schema,
    partner: LETTER_FILTERS.partner.schema,
    step: LETTER_FILTERS.step.schema,
    cause: LETTER_FILTERS.cause.schema,
    from: LETTER_FILTERS.from.schema,
    to: LETTER_FILTERS.to.schema,
  })
  .meta({ id: 'DeadLetterFilter' });
export type OpenLetterFilter = z.output<typeof openLetterFilter>;

/** Documents read from a collection at once. */
const BATCH = 500;
/** Batches read for one page: a filter that matches little must not keep a request busy. The page is then short and has a cursor. */
const BATCHES_PER_PAGE = 20;

export interface LetterPage {
  readonly items: readonly DeadLetter[];
  readonly next?: string;
}

/** Newest first, over all flows. */
export const findLetters = async (documents: DocumentStore, query: PageQuery): Promise<LetterPage> => {
  const items: DeadLetter[] = [];
  let after = query.cursor === undefined ? undefined : placeOf(query.cursor);
  for (let batch = 0; batch < BATCHES_PER_PAGE; batch++) {
    const found = await readBatch(documents, query, after);
    for (const letter of found) {
      after = { value: letter.failedAt, id: letter.deadLetterId };
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
  /** What the newest one says. */
  readonly reason: string;
}

/** Letters grouped by what went wrong, most frequent first. */
export const findCauses = async (documents: DocumentStore, filter: LetterFilter): Promise<readonly Cause[]> => {
  const causes = new Map<string, Cause>();
  let after: Place | undefined;
  for (;;) {
    const found = await readBatch(documents, filter, after);
    for (const letter of found) {
      const { origin, cause, reason, failedAt } = letter;
      after = { value: failedAt, id: letter.deadLetterId };
      if (!matches(filter, letter)) continue;
      const key = `${origin}\n${cause}`;
      const before = causes.get(key) ?? { origin, cause, count: 0, oldest: failedAt, newest: failedAt, reason };
      causes.set(key, { ...before, count: before.count + 1, oldest: failedAt });
    }
    if (found.length < BATCH) break;
  }
  return [...causes.values()].toSorted((left, right) => right.count - left.count);
};

/** One letter of whatever flow. */
export const findLetter = async (documents: DocumentStore, deadLetterId: string): Promise<DeadLetter | undefined> => {
  const found = await Promise.all(DEAD_LETTER_COLLECTIONS.map((collection) => documents.get(collection, deadLetterId)));
  const document = found.find((one) => one !== undefined);
  return document && letterOf(document);
};

const letterOf = (document: StoredDocument): DeadLetter => document.body as unknown as DeadLetter;

type Place = { readonly value: string; readonly id: string };

/** The next letters of all collections together, at most {@link BATCH}; fewer only at the end. */
const readBatch = async (documents: DocumentStore, query: LetterFilter, after: Place | undefined): Promise<readonly DeadLetter[]> => {
  const filter = filterOf(query);
  const found = await Promise.all(
    DEAD_LETTER_COLLECTIONS.map((collection) =>
      documents.find(collection, {
        filter,
        sort: { field: 'failedAt', direction: 'desc' },
        ...(after && { after }),
        limit: BATCH,
      }),
    ),
  );
  const letters = found.flat().map(letterOf);
  return found.length === 1 ? letters : letters.toSorted(newestFirst).slice(0, BATCH);
};

const newestFirst = (left: DeadLetter, right: DeadLetter): number =>
  compare(right.failedAt, left.failedAt) || compare(right.deadLetterId, left.deadLetterId);
const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const filterOf = ({ state, from, to }: LetterFilter): DocumentFilter => ({
  ...(state !== 'any' && { state: { eq: state } }),
  ...((from ?? to) !== undefined && { failedAt: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lt: to }) } }),
});

const matches = ({ origin, partner, cause, step }: LetterFilter, letter: DeadLetter): boolean =>
  (origin === undefined || letter.origin === origin) &&
  (partner === undefined || letter.partnerId === partner) &&
  (step === undefined || letter.step === step) &&
  (cause === undefined || letter.cause === cause || `${letter.origin}:${letter.cause}` === cause);

/** What cursors belong to. */
const LIST = 'dead-letters';
const cursorOf = ({ value, id }: Place): string => encodeCursor(LIST, value, id);
const placeOf = (cursor: string): Place => {
  const [value = '', id = ''] = decodeCursor(cursor, LIST, 2);
  return { value, id };
};
