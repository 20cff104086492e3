import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { FATES, placeOf, type RowFate } from './fate.ts';

const COLUMNS = ['file', 'line', 'orderNumber', 'fate', 'orderId', 'status', 'code', 'detail'] as const;

/**
 * The fate of every row, as CSV. Fates are appended as they become known, whole orders at a time, so that an import which was
 * interrupted goes on where it stopped; at the end the file is written once more, in the order of the input.
 */
export class ResultFile {
  readonly path: string;
  readonly #fates = new Map<string, RowFate>();

  /** @throws Error the file exists and is none of an import */
  constructor(path: string) {
    this.path = path;
    if (!existsSync(path)) {
      writeFileSync(path, stringify([COLUMNS]));
      return;
    }
    const text = readFileSync(path, 'utf8');
    // A line that a kill cut short is not counted, and cut off.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (!whole.startsWith(COLUMNS.join(','))) throw new Error(`${path} is no result of an import; name another file with --result`);
    if (whole.length < text.length) writeFileSync(path, whole);
    for (const fate of parse<RowFate>(whole, { columns: true, cast: (value, { column }) => (column === 'line' ? Number(value) : value) }))
      if (FATES.includes(fate.fate)) this.#fates.set(placeOf(fate), fate);
  }

  /** By `file:line`. */
  get fates(): ReadonlyMap<string, RowFate> {
    return this.#fates;
  }

  /** Rows that have a fate keep it. */
  add(fates: readonly RowFate[]): void {
    // One line each, so that a line which was cut short is recognised.
    const lines = fates.map((fate) => ({ ...fate, detail: fate.detail.replaceAll(/\s+/g, ' ') }));
    const fresh = lines.filter((fate) => !this.#fates.has(placeOf(fate)));
    for (const fate of fresh) this.#fates.set(placeOf(fate), fate);
    if (fresh.length > 0) appendFileSync(this.path, stringify(fresh, { columns: [...COLUMNS] }));
  }

  /** Forgets fates, so that their rows are judged anew. */
  forget(which: (fate: RowFate) => boolean): void {
    for (const [place, fate] of this.#fates) if (which(fate)) this.#fates.delete(place);
    this.rewrite();
  }

  /** By order id; to be rewritten afterwards. */
  setStatuses(statuses: ReadonlyMap<string, string>): void {
    for (const [place, fate] of this.#fates) {
      const status = statuses.get(fate.orderId);
      if (status !== undefined) this.#fates.set(place, { ...fate, status });
    }
  }

  /** Replaces the file in one step: files in the order they were read, lines ascending. */
  rewrite(): void {
    const files = new Map(
      [...this.#fates.values()]
        .map(({ file }) => file)
        .map((file, index) => [file, index] as const)
        .toReversed(),
    );
    const sorted = [...this.#fates.values()].toSorted(
      (one, other) => files.get(one.file)! - files.get(other.file)! || one.line - other.line,
    );
    const temporary = `${this.path}.tmp`;
    writeFileSync(temporary, stringify([COLUMNS]) + stringify(sorted, { columns: [...COLUMNS] }));
    renameSync(temporary, this.path);
  }
}
