import Table from 'cli-table3';

/** What every command that prints has. */
export interface OutputOptions {
  readonly json?: boolean;
}

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export type Cell = string | number | boolean | undefined | null;

/** Columns under their heads; empty cells show nothing. */
export const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const bold = process.stdout.isTTY ? ['bold'] : [];
  const drawn = new Table({
    head: [...head],
    chars: PLAIN,
    style: { head: bold, border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const row of rows) drawn.push(row.map(shown));
  return withoutTrailingSpaces(drawn.toString());
};

/** One thing, a name and a value a line. What is undefined is left out; names of members, such as `firstFailedAt`, are written as words. */
export const facts = (values: Readonly<Record<string, Cell>>): string => {
  const drawn = new Table({ chars: PLAIN, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true } });
  for (const [name, value] of Object.entries(values)) if (value !== undefined) drawn.push([inWords(name), shown(value)]);
  return withoutTrailingSpaces(drawn.toString());
};

/** JSON for scripts, or what a person reads. */
export const print = ({ json }: OutputOptions, value: unknown, human: () => string): void => {
  console.log(json ? JSON.stringify(value) : human());
};

/** A remark for a person; standard output stays clean. */
export const note = (text: string): void => console.error(text);

/** `2026-11-20T10:00:00.123Z` → `2026-11-20 10:00:00` */
export const moment = (time: string | undefined): string | undefined => time?.replace('T', ' ').replace(/(\.\d+)?Z$/, '');

/** Control characters of somebody else's text must not reach a terminal. */
export const safe = (text: string): string => text.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '\ufffd');

const shown = (value: Cell): string => (value === undefined || value === null ? '' : safe(withShortTimes(String(value))));
/** Times within a text look like those in columns of their own. */
const withShortTimes = (text: string): string => text.replaceAll(/\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z/g, '$1 $2');
/** `orderNumber` → `order number` */
const inWords = (name: string): string => name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const withoutTrailingSpaces = (text: string): string => text.replaceAll(/[ \t]+$/gm, '');
