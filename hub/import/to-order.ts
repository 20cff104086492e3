import { ConfigurationError, type Fault } from '@sagahub/contracts/errors.ts';
import { subtotalOf } from '@sagahub/contracts/money.ts';
import type { Group } from './grouping.ts';
import type { Mapping, Value } from './mapping.ts';
import type { Row } from './rows.ts';
import { compiler, type Evaluate, MappingFault } from './template.ts';

/** An order as it will be posted. Nothing in it is checked but what the mapping itself does: judging is the hub's. */
export interface OrderDraft {
  readonly orderNumber: string;
  readonly currency: string;
  /** The body of `POST /api/v1/orders`. */
  readonly body: object;
  /** Of the lines, rounded as the hub does; `undefined` when a line's numbers are none. */
  readonly subtotal: string | undefined;
}
export type Drafted = { readonly draft: OrderDraft } | { readonly faults: readonly Fault[] };

type Compiled = { readonly [name: string]: Evaluate | Compiled };

/**
 * Compiles a mapping: the order's own fields are read from the first of its rows.
 * @throws ConfigurationError a template names a filter that does not exist
 */
export const orderMaker = (mapping: Mapping): ((group: Pick<Group, 'key' | 'rows'>) => Drafted) => {
  const { order, line } = compiled(mapping);
  return ({ key, rows }) => {
    const faults = disagreements(mapping.agree, rows);
    const collect = (fields: Row['fields'], template: Compiled, pointer: string) => evaluated(template, fields, pointer, faults);
    const head = collect(rows[0]?.fields ?? {}, order, '#');
    const lines = rows.map(({ fields }, place) => collect(fields, line, `#/lines/${place}`));
    if (faults.length > 0) return { faults };
    const { orderNumber = key, currency = '' } = head as { orderNumber?: string; currency?: string };
    return { draft: { orderNumber, currency, body: { ...head, lines }, subtotal: subtotalOrNone(lines, currency) } };
  };
};

const compiled = (mapping: Mapping): { readonly order: Compiled; readonly line: Compiled } => {
  const compile = compiler(mapping);
  const all = (values: Readonly<Record<string, unknown>>): Compiled =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => {
        if (value === undefined) return [];
        const isValue = typeof value === 'string' || Array.isArray(value);
        return [[name, isValue ? compile(value as Value) : all(value as Readonly<Record<string, unknown>>)]];
      }),
    );
  try {
    return { order: all(mapping.order), line: all(mapping.line) };
  } catch (error) {
    if (error instanceof MappingFault) throw new ConfigurationError([`the mapping: ${error.message}`]);
    throw error;
  }
};

/** Empty values are left out, and so are objects of nothing else. */
const evaluated = (template: Compiled, fields: Row['fields'], pointer: string, faults: Fault[]): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(template)) {
    const place = `${pointer}/${name}`;
    if (typeof part === 'function') {
      const text = valueOrFault(part, fields, place, faults);
      if (text !== undefined) result[name] = text;
    } else {
      const nested = evaluated(part, fields, place, faults);
      if (Object.keys(nested).length > 0) result[name] = nested;
    }
  }
  return result;
};

const valueOrFault = (evaluate: Evaluate, fields: Row['fields'], pointer: string, faults: Fault[]): string | undefined => {
  try {
    return evaluate(fields);
  } catch (error) {
    if (!(error instanceof MappingFault)) throw error;
    faults.push({ pointer, code: error.code, detail: error.message });
    return undefined;
  }
};

const disagreements = (columns: readonly string[], rows: readonly Row[]): Fault[] =>
  columns.flatMap((column) => {
    const values = [...new Set(rows.map(({ fields }) => fields[column]?.trim() ?? ''))];
    if (values.length < 2) return [];
    const named = values.slice(0, 3).map((value) => `"${value}"`);
    return [{ code: 'rows-disagree', detail: `the rows of the order disagree on ${column}: ${named.join(', ')}` }];
  });

const subtotalOrNone = (lines: readonly Record<string, unknown>[], currency: string): string | undefined => {
  try {
    return subtotalOf(lines as readonly { readonly quantity: string; readonly unitPrice: string }[], currency);
  } catch {
    return undefined;
  }
};
