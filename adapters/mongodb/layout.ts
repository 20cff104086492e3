import { hash } from 'node:crypto';
import type { Json, JsonObject } from '@sagahub/contracts/json.ts';
import type { CollectionSpec, FieldValue, StoredDocument } from '@sagahub/contracts/ports/document-store.ts';

/** Part of the namespace: raise it when the way documents are stored changes. */
const FORMAT = 1;

/** Fields of a stored document, in the order of first mention. */
export interface Layout {
  readonly name: string;
  readonly fields: readonly string[];
  readonly indexes: readonly (readonly string[])[];
}

/**
 * A document as MongoDB holds it. The body is text: any JSON comes back as it was put (MongoDB's own documents refuse some names and reorder
 * others), and costs a string to read and write. What can be filtered and sorted by stands beside it.
 */
export interface StoredForm {
  readonly _id: string;
  readonly revision: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly body: string;
}

export const documentOf = ({ _id, revision, body }: StoredForm): StoredDocument => ({
  id: _id,
  revision,
  body: JSON.parse(body) as JsonObject,
});

/** @throws TypeError a name cannot be used */
export const layoutOf = ({ name, indexes }: CollectionSpec): Layout => {
  const fields = [...new Set(indexes.flat())];
  for (const word of [name, ...fields])
    if (!/^\w[\w-]*$/.test(word)) throw new TypeError(`"${word}" cannot name a collection or an indexed field`);
  return { name, fields, indexes };
};

/**
 * Begins the names of all that belongs together. Another log, or a release that indexes other fields, has another one: during a rolling
 * update the old release goes on with its documents while the new one folds its own.
 */
export const namespaceOf = (layouts: readonly Layout[], logId: string): string =>
  hash('sha256', JSON.stringify([FORMAT, logId, layouts.toSorted((a, b) => (a.name < b.name ? -1 : 1))]), 'hex').slice(0, 8);

/** Path of an indexed field in a stored document. */
export const pathOf = (field: string): string => `fields.${field}`;

/** What is no scalar counts as missing. */
export const scalarOf = (value: Json | undefined): FieldValue | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;

/** Each ends with the id, as pages continue behind (value, id). */
export const indexesOf = ({ indexes }: Layout) =>
  indexes.map((fields) => ({
    name: fields.join('_'),
    key: { ...Object.fromEntries(fields.map((field) => [pathOf(field), 1 as const])), _id: 1 as const },
  }));
