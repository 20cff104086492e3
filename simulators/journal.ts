import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a simulated system keeps: lines of an append-only file, one write per turn of the event loop, that survive a kill of the process. */
export class Journal<Line> {
  #file: number | undefined;
  #pending = '';
  #waiting: (() => void)[] = [];

  /**
   * @param folder absent: in memory only
   * @param apply what the file holds already, line by line
   */
  constructor(folder: string | undefined, name: string, apply: (line: Line) => void) {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    if (existsSync(path)) for (const line of wholeLines(path)) apply(JSON.parse(line) as Line);
    this.#file = openSync(path, 'a');
  }

  write(line: Line): void {
    if (this.#file === undefined) return;
    if (this.#pending === '') setImmediate(() => this.#flush());
    this.#pending += `${JSON.stringify(line)}\n`;
  }

  /** Calls back once everything written so far survives a kill of this process. */
  whenKept(callback: () => void): void {
    if (this.#pending === '') callback();
    else this.#waiting.push(callback);
  }

  close(): void {
    this.#flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #flush(): void {
    if (this.#pending !== '' && this.#file !== undefined) writeSync(this.#file, this.#pending);
    this.#pending = '';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }
}

/** A line that the kill cut short was never answered for: it is cut off, so that the next one starts clean. */
const wholeLines = (path: string): readonly string[] => {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(path, end);
  return bytes
    .toString('utf8', 0, end)
    .split('\n')
    .filter((line) => line !== '');
};
