import { DateTime } from 'luxon';
import { countryCodes } from './country-codes.ts';
import type { Mapping, Value } from './mapping.ts';

export type Fields = Readonly<Record<string, string>>;

/** A value that cannot be made of a row. */
export class MappingFault extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Makes a value of a row's columns; `undefined` when it would be empty. @throws MappingFault */
export type Evaluate = (fields: Fields) => string | undefined;
type Filter = (text: string, argument: string | undefined) => string;

const PLACEHOLDER = /\{([^{}|]+)((?:\|[^{}|]+)*)\}/g;

/**
 * Compiles values. In a template `{Column}` is that column without spaces around it; `{Column|filter|filter:argument}` passes it through:
 *
 * | filter        | makes of                                             |
 * |---------------|------------------------------------------------------|
 * | `number`      | `17850.0` → `17850`, `1,234.50` → `1234.5`           |
 * | `country`     | `Germany` → `DE`                                     |
 * | `time:FORMAT` | `2010-12-01 08:26:00` → `2010-12-01T08:26:00Z`       |
 * | `date:FORMAT` | `01/12/2010` → `2010-12-01`                          |
 * | `upper`, `lower`, `max:N` | other letters, at most N characters      |
 *
 * A template with an empty column in it is empty as a whole; of several, the first that is not empty is taken.
 */
export const compiler = (mapping: Pick<Mapping, 'timeZone' | 'number' | 'countries'>): ((value: Value) => Evaluate) => {
  const filters = filtersFor(mapping);
  const compileOne = (template: string): Evaluate => {
    const parts = partsOf(template, filters);
    return (fields) => {
      let text = '';
      for (const part of parts) {
        const piece = typeof part === 'string' ? part : part(fields);
        if (piece === undefined) return undefined;
        text += piece;
      }
      return text === '' ? undefined : text;
    };
  };
  return (value) => {
    const alternatives = [value].flat().map(compileOne);
    return (fields) => {
      for (const evaluate of alternatives) {
        const text = evaluate(fields);
        if (text !== undefined) return text;
      }
      return undefined;
    };
  };
};

/** Columns that a value reads. */
export const columnsOf = (value: Value): string[] =>
  [value].flat().flatMap((text) => [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name.trim()));

const partsOf = (template: string, filters: Readonly<Record<string, Filter>>): readonly (string | Evaluate)[] => {
  const parts: (string | Evaluate)[] = [];
  let from = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    parts.push(template.slice(from, match.index));
    from = match.index + match[0].length;
    parts.push(placeholder(match[1] ?? '', match[2] ?? '', filters));
  }
  parts.push(template.slice(from));
  return parts.filter((part) => part !== '');
};

const placeholder = (name: string, piped: string, filters: Readonly<Record<string, Filter>>): Evaluate => {
  const column = name.trim();
  const steps = piped
    .split('|')
    .slice(1)
    .map((step) => {
      const [, filterName = '', argument] = /^\s*(\w+)\s*(?::(.*))?$/.exec(step) ?? [];
      const filter = filters[filterName];
      if (!filter) throw new MappingFault('unknown-filter', `"${step.trim()}" is no filter; there are ${Object.keys(filters).join(', ')}`);
      return (text: string) => filter(text, argument);
    });
  return (fields) => {
    const raw = fields[column]?.trim() ?? '';
    return raw === '' ? undefined : steps.reduce((text, step) => step(text), raw) || undefined;
  };
};

const filtersFor = ({
  timeZone,
  number,
  countries,
}: Pick<Mapping, 'timeZone' | 'number' | 'countries'>): Readonly<Record<string, Filter>> => {
  const codeOf = countryCodes(countries);
  const time = (text: string, format: string | undefined): DateTime => {
    const read = format === undefined ? DateTime.fromISO(text, { zone: timeZone }) : DateTime.fromFormat(text, format, { zone: timeZone });
    if (!read.isValid) throw new MappingFault('not-a-time', `"${text}" is no time${format === undefined ? '' : ` of the form ${format}`}`);
    return read;
  };
  return {
    number: (text) => plainNumber(text, number),
    country: (text) => {
      const code = codeOf(text);
      if (code === undefined)
        throw new MappingFault('unknown-country', `"${text}" is no country that is known; add it to "countries" of the mapping`);
      return code;
    },
    time: (text, format) => time(text, format).toUTC().toISO({ suppressMilliseconds: true }) ?? '',
    date: (text, format) => time(text, format).toISODate() ?? '',
    upper: (text) => text.toUpperCase(),
    lower: (text) => text.toLowerCase(),
    max: (text, length) => text.slice(0, Number(length)),
  };
};

/** As text, without a detour over floating point; what is no number stays as it is, for the hub to refuse. */
const plainNumber = (text: string, { decimal, grouping }: Mapping['number']): string => {
  const ungrouped = grouping === '' ? text : text.replaceAll(grouping, '');
  const pointed = decimal === '.' ? ungrouped : ungrouped.replace(decimal, '.');
  const [, sign, whole, fraction] = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(pointed) ?? [];
  if (whole === undefined) return text;
  const digits = (fraction ?? '').replace(/0+$/, '');
  return `${sign === '-' ? '-' : ''}${whole.replace(/^0+(?=\d)/, '')}${digits === '' ? '' : `.${digits}`}`;
};
