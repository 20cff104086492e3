import { hash } from 'node:crypto';
import type { CollectionSpec, FieldValue } from '@sagahub/contracts/ports/document-store.ts';
import type { Json } from '@sagahub/contracts/json.ts';

/** Part of the fingerprint: raise it when the tables below or the encoding of values change. */
const SCHEMA_VERSION = 1;

/** What stands in the column of an indexed field; null when the document has no such field. */
export type Column = string | number | null;

/** A collection as a table: one column per field that some index names, in order of first mention. */
export interface CollectionLayout {
  readonly name: string;
  readonly fields: readonly string[];
  readonly indexes: readonly (readonly string[])[];
  readonly selective: readonly string[];
}

/** Sets of fields are held in the bits of a number. */
const MAX_FIELDS = 30;

/** @throws TypeError a name cannot be used in SQL */
export const layoutOf = ({ name, indexes, selective = [] }: CollectionSpec): CollectionLayout => {
  const fields = [...new Set(indexes.flat())];
  if (fields.length > MAX_FIELDS) throw new TypeError(`${name} has ${fields.length} indexed fields, at most ${MAX_FIELDS} are possible`);
  for (const word of [name, ...fields])
    if (!/^\w[\w-]*$/.test(word)) throw new TypeError(`"${word}" cannot name a collection or an indexed field`);
  return { name, fields, indexes, selective };
};

/** Changes with anything that makes the stored documents unusable: the schema, the declared indexes, the log they were folded from. */
export const fingerprintOf = (layouts: readonly CollectionLayout[], logId: string): string =>
  hash('sha256', JSON.stringify([SCHEMA_VERSION, logId, layouts.toSorted((a, b) => (a.name < b.name ? -1 : 1))]), 'hex');

export const tableOf = (collection: string, generation: number): string => `"${collection}#${generation}"`;
export const columnOf = (field: string): string => `"f_${field}"`;

/** Booleans are stored as text, so that `countBy` can tell them from numbers; anything that is no scalar counts as missing. */
export const encodeField = (value: Json | undefined): Column => {
  switch (typeof value) {
    case 'string':
    case 'number':
      return value;
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return null;
  }
};
export const encodeOperand = (value: FieldValue): string | number => encodeField(value) as string | number;

/**
 * `ANY` in a STRICT table keeps text and numbers as they are. Ids are random, so the documents stand in the order of their first
 * writing and only the small indexes are written all over the place. Every index ends with the id: pages continue behind (value, id).
 */
export const createTable = ({ name, fields, indexes }: CollectionLayout, generation: number): string => {
  const table = tableOf(name, generation);
  const columns = fields.map((field) => `${columnOf(field)} ANY,`).join(' ');
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, ${columns} body TEXT NOT NULL) STRICT`,
    ...indexes.map(
      (index) =>
        `CREATE INDEX IF NOT EXISTS "${name}#${generation}:${index.join(',')}" ON ${table} (${index.map(columnOf).join(', ')}, id)`,
    ),
  ].join(';\n');
};
