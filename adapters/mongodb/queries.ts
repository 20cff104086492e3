import type { DocumentFilter, FindQuery } from '@sagahub/contracts/ports/document-store.ts';
import type { Document, Filter } from 'mongodb';
import { type Layout, pathOf, type StoredForm } from './layout.ts';

export interface Page {
  readonly filter: Filter<StoredForm>;
  readonly sort: Readonly<Record<string, 1 | -1>>;
}

/**
 * The queries that, run one after the other until the page is full, give the page behind `after`. There are two where the page may run over
 * the border between documents with and without the sort field.
 *
 * Documents without the field come first, as MongoDB sorts null; descending, they come last.
 */
export const pagesOf = (layout: Layout, { filter, sort, after }: FindQuery): readonly Page[] => {
  const wanted = conditionsOf(layout, filter);
  const page = (order: Page['sort'], ...conditions: readonly Document[]): Page => ({
    filter: allOf([...wanted, ...conditions]),
    sort: order,
  });
  if (!sort) return [page({ _id: 1 }, ...(after ? [{ _id: { $gt: after.id } }] : []))];
  const path = pathFor(layout, sort.field);
  const [direction, beyond] = sort.direction === 'asc' ? ([1, '$gt'] as const) : ([-1, '$lt'] as const);
  const order = { [path]: direction, _id: direction };
  if (!after) return [page(order)];
  const { value, id } = after;
  const without = (...more: readonly Document[]) => page(order, { [path]: { $exists: false } }, ...more);
  if (value === undefined) {
    const rest = without({ _id: { [beyond]: id } });
    return direction === 1 ? [rest, page(order, { [path]: { $exists: true } })] : [rest];
  }
  const rest = page(order, { $or: [{ [path]: { [beyond]: value } }, { [path]: value, _id: { [beyond]: id } }] });
  return direction === 1 ? [rest] : [rest, without()];
};

export const countPipeline = (layout: Layout, field: string, filter?: DocumentFilter): Document[] => {
  const path = pathFor(layout, field);
  return [
    { $match: allOf([...conditionsOf(layout, filter), { [path]: { $exists: true } }]) },
    { $group: { _id: `$${path}`, count: { $sum: 1 } } },
  ];
};

const conditionsOf = (layout: Layout, filter: DocumentFilter = {}): Document[] =>
  Object.entries(filter).flatMap(([field, conditions]) => {
    const path = pathFor(layout, field);
    const given = Object.entries(conditions).filter(([, operand]) => operand !== undefined);
    return given.length === 0 ? [] : [{ [path]: Object.fromEntries(given.map(([name, operand]) => [`$${name}`, operand])) }];
  });

const allOf = (conditions: readonly Document[]): Document => {
  const [only] = conditions;
  if (!only) return {};
  return conditions.length === 1 ? only : { $and: conditions };
};

const pathFor = (layout: Layout, field: string): string => {
  if (!layout.fields.includes(field)) throw new TypeError(`${layout.name} has no index on ${field}: declare it in its CollectionSpec`);
  return pathOf(field);
};
