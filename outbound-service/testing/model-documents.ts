import { DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentStore, FieldFilter, FindQuery, StoredDocument } from '@sagahub/contracts/ports/document-store.ts';

/** Documents of one collection in memory: as much of a document store as lists need. Sorts by one string field. */
export const modelDocuments = (stored: readonly StoredDocument[], collection = DEAD_LETTERS): DocumentStore => {
  const inCollection = (asked: string) => (asked === collection ? stored : []);
  const valueOf = (document: StoredDocument, field: string) => document.body[field] as string;
  const find = (asked: string, { filter = {}, sort, after, limit }: FindQuery) => {
    const { field, direction } = sort!;
    const sign = direction === 'asc' ? 1 : -1;
    const compare = (left: readonly string[], right: readonly string[]) => sign * (left < right ? -1 : left > right ? 1 : 0);
    const keyOf = (document: StoredDocument) => [valueOf(document, field), document.id];
    const found = inCollection(asked)
      .filter((document) => Object.entries(filter).every(([name, condition]) => fits(valueOf(document, name), condition)))
      .toSorted((left, right) => compare(keyOf(left), keyOf(right)))
      .filter((document) => !after || compare(keyOf(document), [String(after.value), after.id]) > 0);
    return Promise.resolve(found.slice(0, limit));
  };
  const get = (asked: string, id: string) => Promise.resolve(inCollection(asked).find((document) => document.id === id));
  return { find, get } as unknown as DocumentStore;
};

const fits = (value: string, { eq, gte, lt }: FieldFilter): boolean =>
  (eq === undefined || value === eq) && (gte === undefined || value >= String(gte)) && (lt === undefined || value < String(lt));
