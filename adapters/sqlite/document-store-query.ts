import type { DocumentFilter, FieldFilter, FindQuery } from '@sagahub/contracts/ports/document-store.ts';
import { type CollectionLayout, columnOf, encodeOperand, tableOf } from './document-store-schema.ts';

export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** More values than this of an `in` are not merged but looked up one by one. */
const MAX_MERGED = 10;

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
  const { sort, after, filter = {} } = query;
  const column = columnIn(layout, filter);
  if (!sort) {
    const where = filtered(column, filter);
    if (after) where.and('id > ?', after.id);
    return [select(layout, generation, where, 'id')];
  }
  const sorted = column(sort.field);
  const [order, beyond] = sort.direction === 'asc' ? ['ASC', '>'] : ['DESC', '<'];
  const segment = (condition?: string, ...values: readonly (string | number)[]): Sql => {
    const branches = branchesOf(filter).map((branch) => {
      const where = filtered(column, branch);
      return condition ? where.and(condition, ...values) : where;
    });
    return branches.length === 1
      ? select(layout, generation, branches[0] as Where, `${sorted} ${order}, id ${order}`)
      : merge(layout, generation, branches, columnOf(sort.field), order);
  };
  if (!after) return [segment()];
  const rest =
    after.value === undefined
      ? segment(`${sorted} IS NULL AND id ${beyond} ?`, after.id)
      : segment(`(${sorted}, id) ${beyond} (?, ?)`, encodeOperand(after.value), after.id);
  if (sort.direction === 'asc') return after.value === undefined ? [rest, segment(`${sorted} IS NOT NULL`)] : [rest];
  return after.value === undefined ? [rest] : [rest, segment(`${sorted} IS NULL`)];
};

export const countStatement = (layout: CollectionLayout, generation: number, field: string, filter?: DocumentFilter): Sql => {
  const column = columnFor(layout, field);
  const where = filtered((name) => columnFor(layout, name), filter).and(`${column} IS NOT NULL`);
  const text = `SELECT ${column} AS value, count(*) AS count FROM ${tableOf(layout.name, generation)}${where.text} GROUP BY ${column}`;
  return { text, values: where.values };
};

const select = (layout: CollectionLayout, generation: number, where: Where, order: string): Sql => ({
  text: `SELECT id, revision, body FROM ${tableOf(layout.name, generation)}${where.text} ORDER BY ${order} LIMIT ?`,
  values: where.values,
});

/**
 * One sorted walk per value of an `in`, merged: each uses the index that begins with the filter and ends with the sort field, and stops at
 * the limit. Looking each document's value up in a list instead reads all documents there are, however few match.
 */
const merge = (layout: CollectionLayout, generation: number, branches: readonly Where[], column: string, order: string): Sql => ({
  text: `${branches
    .map(({ text }) => `SELECT id, revision, body, ${column} FROM ${tableOf(layout.name, generation)}${text}`)
    .join(' UNION ALL ')} ORDER BY ${column} ${order}, id ${order} LIMIT ?`,
  values: branches.flatMap(({ values }) => values),
});

/** The filter, or one for each value of its `in`. */
const branchesOf = (filter: DocumentFilter): readonly DocumentFilter[] => {
  for (const [field, conditions] of Object.entries(filter)) {
    const values = [...new Set(conditions.in)];
    if (values.length < 2 || values.length > MAX_MERGED || conditions.eq !== undefined) continue;
    const { in: _merged, ...others } = conditions;
    return values.map((eq) => ({ ...filter, [field]: { ...others, eq } }));
  }
  return [filter];
};

/**
 * How a field is named in a query. With a selective field in the filter all others get a unary plus, which keeps SQLite from using their
 * indexes: it knows no statistics, and would rather walk a partner's whole history than sort the two orders of one number.
 */
const columnIn = (layout: CollectionLayout, filter: DocumentFilter): ((field: string) => string) => {
  const selected = layout.selective.find((field) => filter[field]?.eq !== undefined);
  return (field) => (selected === undefined || field === selected ? columnFor(layout, field) : `+${columnFor(layout, field)}`);
};

const columnFor = (layout: CollectionLayout, field: string): string => {
  if (!layout.fields.includes(field)) throw new TypeError(`${layout.name} has no index on ${field}: declare it in its CollectionSpec`);
  return columnOf(field);
};

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

const filtered = (column: (field: string) => string, filter: DocumentFilter = {}): Where => {
  const where = new Where();
  for (const [field, conditions] of Object.entries(filter)) addConditions(where, column(field), conditions);
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
