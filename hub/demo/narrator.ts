/** Says what happens, and keeps the count of what turned out to be untrue. */
export class Narrator {
  readonly #write: (line: string) => void;
  readonly #color: boolean;
  #untrue = 0;

  constructor(write: (line: string) => void = console.log, color: boolean = process.stdout.isTTY) {
    this.#write = write;
    this.#color = color;
  }

  /** Claims that did not hold. */
  get untrue(): number {
    return this.#untrue;
  }

  chapter(title: string): void {
    this.#write(`\n${this.#paint('1', title)}`);
  }

  say(line: string): void {
    this.#write(`  ${line}`);
  }

  /** Says something that was just looked up, and whether it is so. */
  claim(sentence: string, holds: boolean, seen?: unknown): void {
    if (holds) return this.#write(`  ${this.#paint('32', '✔')} ${sentence}`);
    this.#untrue++;
    this.#write(`  ${this.#paint('31', '✖')} UNTRUE: ${sentence}${seen === undefined ? '' : `; seen: ${JSON.stringify(seen)}`}`);
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
