import type { DocumentFilter, FieldFilter, FindQuery } from '@sagahub/contracts/ports/document-store.ts';
import { type CollectionLayout, columnOf, encodeOperand, tableOf } from './document-store-schema.ts';

export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** Conditions joined by AND, with their values. */
class Where {
  readonly #conditions: string[] = [];
  readonly values: (string | number)[] = [];

  and(condition: string, ...values: readonly (string | number)[]): this {
    this.#conditions.push(condition);
    this.values.push(...values);
    return this;
  }

  get text(): string {
    return this.#conditions.length === 0 ? '' : ` WHERE ${this.#conditions.join(' AND ')}`;
  }
}

/**
 * The statements that, run one after the other until the page is full, give the page behind `after`. There are two where the
 * page may run over the border between documents with and without the sort field: one statement with OR would not use the index.
 *
 * Documents without the field come first, as SQLite sorts NULL; descending, they come last.
 */
export const findStatements = (layout: CollectionLayout, generation: number, query: FindQuery): Sql[] => {
  const { sort, after } = query;
  if (!sort) {
    const where = filtered(layout, query.filter);
    if (after) where.and('id > ?', after.id);
    return [select(layout, generation, where, 'id')];
  }
  const column = columnFor(layout, sort.field);
  const [order, beyond] = sort.direction === 'asc' ? ['ASC', '>'] : ['DESC', '<'];
  const segment = (condition?: string, ...values: readonly (string | number)[]): Sql => {
    const where = filtered(layout, query.filter);
    if (condition) where.and(condition, ...values);
    return select(layout, generation, where, `${column} ${order}, id ${order}`);
  };
  if (!after) return [segment()];
  const rest =
    after.value === undefined
      ? segment(`${column} IS NULL AND id ${beyond} ?`, after.id)
      : segment(`(${column}, id) ${beyond} (?, ?)`, encodeOperand(after.value), after.id);
  if (sort.direction === 'asc') return after.value === undefined ? [rest, segment(`${column} IS NOT NULL`)] : [rest];
  return after.value === undefined ? [rest] : [rest, segment(`${column} IS NULL`)];
};

export const countStatement = (layout: CollectionLayout, generation: number, field: string, filter?: DocumentFilter): Sql => {
  const column = columnFor(layout, field);
  const where = filtered(layout, filter).and(`${column} IS NOT NULL`);
  const text = `SELECT ${column} AS value, count(*) AS count FROM ${tableOf(layout.name, generation)}${where.text} GROUP BY ${column}`;
  return { text, values: where.values };
};

const select = (layout: CollectionLayout, generation: number, where: Where, order: string): Sql => ({
  text: `SELECT id, revision, body FROM ${tableOf(layout.name, generation)}${where.text} ORDER BY ${order} LIMIT ?`,
  values: where.values,
});

const columnFor = (layout: CollectionLayout, field: string): string => {
  if (!layout.fields.includes(field)) throw new TypeError(`${layout.name} has no index on ${field}: declare it in its CollectionSpec`);
  return columnOf(field);
};

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

const filtered = (layout: CollectionLayout, filter: DocumentFilter = {}): Where => {
  const where = new Where();
  for (const [field, conditions] of Object.entries(filter)) addConditions(where, columnFor(layout, field), conditions);
  return where;
};

const addConditions = (where: Where, column: string, conditions: FieldFilter): void => {
  for (const [name, operator] of Object.entries(COMPARISONS)) {
    const operand = conditions[name as keyof typeof COMPARISONS];
    if (operand !== undefined) where.and(`${column} ${operator} ?`, encodeOperand(operand));
  }
  // One parameter however many values there are: the statement is prepared once.
  if (conditions.in) where.and(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(conditions.in));
};
