import type { Condition, Mapping } from './mapping.ts';
import type { Row } from './rows.ts';
import type { Fields } from './template.ts';

/** The rows of one order-to-be, in the order they were read. */
export interface Group {
  /** Of the grouping column, or a row's own place. */
  readonly key: string;
  /** What becomes the order's lines. */
  readonly rows: readonly Row[];
  /** Left out, and why. */
  readonly skipped: readonly { readonly row: Row; readonly reason: string }[];
  /** Cannot be read, or lack the grouping column. */
  readonly unreadable: readonly { readonly row: Row; readonly detail: string }[];
}

/**
 * Gathers rows by the grouping column over all files, so that an order may be spread over them, and applies the rules for skipping.
 * Every row is in exactly one place of exactly one group. Groups come in the order of their first rows.
 */
export const groupRows = async (rows: AsyncIterable<Row>, mapping: Pick<Mapping, 'group' | 'skip'>): Promise<readonly Group[]> => {
  const { group: column } = mapping;
  const groups = new Map<string, Row[]>();
  const unreadable: Group[] = [];
  for await (const row of rows) {
    const place = `${row.file}:${row.line}`;
    const key = column === undefined ? place : row.fields[column]?.trim();
    if (row.fault !== undefined || !key) {
      const detail = row.fault ?? `the column ${column ?? ''} is empty: it says which order a row belongs to`;
      unreadable.push({ key: place, rows: [], skipped: [], unreadable: [{ row, detail }] });
      continue;
    }
    const gathered = groups.get(key);
    if (gathered) gathered.push(row);
    else groups.set(key, [row]);
  }
  const rules = mapping.skip.map((rule) => ({ ...rule, fits: allOf(rule.when) }));
  const sifted = [...groups].map(([key, gathered]): Group => {
    const whole = rules.find(
      ({ rows: extent, fits }) =>
        (extent === 'every' && gathered.every(({ fields }) => fits(fields))) ||
        (extent === 'any' && gathered.some(({ fields }) => fits(fields))),
    );
    if (whole) return { key, rows: [], skipped: gathered.map((row) => ({ row, reason: whole.reason })), unreadable: [] };
    const reasonFor = ({ fields }: Row) => rules.find(({ rows: extent, fits }) => extent === 'each' && fits(fields))?.reason;
    const judged = gathered.map((row) => ({ row, reason: reasonFor(row) }));
    return {
      key,
      rows: judged.flatMap(({ row, reason }) => (reason === undefined ? [row] : [])),
      skipped: judged.flatMap(({ row, reason }) => (reason === undefined ? [] : [{ row, reason }])),
      unreadable: [],
    };
  });
  return [...sifted, ...unreadable];
};

const allOf = (conditions: readonly Condition[]): ((fields: Fields) => boolean) => {
  const compiled = conditions.map(compile);
  return (fields) => compiled.every((holds) => holds(fields));
};

const compile = ({ column, matches, equals, below, above, empty }: Condition): ((fields: Fields) => boolean) => {
  const pattern = matches === undefined ? undefined : new RegExp(matches, 'u');
  return (fields) => {
    const text = fields[column]?.trim() ?? '';
    const number = text === '' ? Number.NaN : Number(text);
    return (
      (empty === undefined || (text === '') === empty) &&
      (!pattern || pattern.test(text)) &&
      (equals === undefined || (typeof equals === 'number' ? number === equals : text === equals)) &&
      (below === undefined || number < below) &&
      (above === undefined || number > above)
    );
  };
};
