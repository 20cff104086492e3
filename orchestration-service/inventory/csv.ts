import { MalformedRequestError } from '@sagahub/contracts/errors.ts';

/** One record and the line of the file it begins at, from 1. */
interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Strict CSV (RFC 4180): comma, double quotes, LF or CRLF. Blank lines are skipped, nothing is trimmed, a byte order mark is forgiven.
 * @param header the columns, in this order
 * @throws MalformedRequestError naming the line
 */
export const parseCsv = (text: string, header: readonly string[]): readonly CsvRecord[] => {
  const [first, ...records] = split(text.startsWith('\uFEFF') ? text.slice(1) : text);
  if (first?.fields.join() !== header.join()) throw malformed(1, `the header must be "${header.join()}"`);
  for (const { line, fields } of records)
    if (fields.length !== header.length) throw malformed(line, `has ${fields.length} fields instead of ${header.length}`);
  return records;
};

const FIELD = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;

const split = (text: string): CsvRecord[] => {
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length || fields.length > 0) {
    const match = FIELD.exec(text);
    if (!match) throw malformed(line, 'has a quote that is out of place or never closed');
    const [whole, raw = '', end] = match;
    fields.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    if (fields.length > 1 || raw !== '') records.push({ line: start, fields });
    fields = [];
    start = line;
  }
  return records;
};

const malformed = (line: number, what: string) => new MalformedRequestError(`line ${line} ${what}`, { code: 'HUB_MALFORMED_CSV' });
