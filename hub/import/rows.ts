import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type CsvError, parse } from 'csv-parse';
import type { Mapping } from './mapping.ts';

/** A row as it stands in a file, or why it cannot be read. */
export interface Row {
  readonly file: string;
  /** From 1; of a row that spans several lines, the last one. */
  readonly line: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly fault?: string;
}

/** Rows of a CSV file with a header, or of NDJSON (by the name's ending), in order. @throws Error the file cannot be read */
export const rowsOf = (file: string, { csv }: Pick<Mapping, 'csv'>): AsyncIterable<Row> =>
  /\.(ndjson|jsonl)$/i.test(file) ? ndjsonRows(file) : csvRows(file, csv);

async function* csvRows(file: string, { delimiter, encoding }: Mapping['csv']): AsyncGenerator<Row> {
  const skipped: Row[] = [];
  const parser = parse({
    delimiter,
    bom: true,
    columns: true,
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error?: CsvError) => {
      if (error) skipped.push({ file, line: Number(error['lines'] ?? 0), fields: {}, fault: error.message });
    },
  });
  const input = createReadStream(file, { encoding });
  input.on('error', (error) => parser.destroy(error));
  for await (const { info, record } of input.pipe(parser) as AsyncIterable<{ info: { lines: number }; record: Record<string, string> }>) {
    yield* skipped.splice(0);
    yield { file, line: info.lines, fields: record };
  }
  yield* skipped;
}

async function* ndjsonRows(file: string): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() !== '') yield { file, line, ...parsed(text) };
  }
}

const parsed = (text: string): Pick<Row, 'fields' | 'fault'> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fields: {}, fault: 'is no JSON object' };
    return { fields: Object.fromEntries(flat(value)) };
  } catch (error) {
    return { fields: {}, fault: (error as Error).message };
  }
};

/** `{ buyer: { id: 7 } }` is the column `buyer.id` with the text `7`. */
function* flat(value: object, prefix = ''): Generator<[string, string]> {
  for (const [name, member] of Object.entries(value as Record<string, string | number | boolean | object | null>)) {
    if (typeof member === 'object' && member !== null) yield* flat(member, `${prefix}${name}.`);
    else if (member !== null) yield [`${prefix}${name}`, String(member)];
  }
}
