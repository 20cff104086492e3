import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { Command } from 'commander';
import { connect, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { moment, type OutputOptions, print, safe } from './output.ts';
import { time } from './parsers.ts';
import { withProgress } from './progress.ts';

interface Filters {
  readonly stream?: string;
  readonly type?: string;
  readonly personal?: boolean;
}

const EVENTS = '/api/v1/events';

export const eventsCommand = (): Command =>
  new Command('events').description('read the event log').addCommand(tailCommand()).addCommand(exportCommand());

/** Personal data are asked for, never had by accident: the token of anybody else cannot open them. */
const auditor = ({ personal }: Filters) => connect('auditor', { scope: personal ? 'audit:read audit:personal' : 'audit:read' });

const filtered = (command: Command): Command =>
  command
    .option('--stream <name>', 'only this stream, such as order-<id>')
    .option('--type <list>', 'only these types, separated by commas')
    .option('--personal', 'with personal data opened (needs the scope audit:personal)');

const tailCommand = (): Command =>
  filtered(new Command('tail'))
    .description('show events as they are recorded, until Ctrl-C')
    .option('--since <time>', 'from then on, or from so long ago', time, time('1m'))
    .option('--no-follow', 'end when everything recorded so far has been shown')
    .option('--json', 'whole events, one a line')
    .action(async ({ stream, type, since, follow, personal, json }: OutputOptions & Filters & { since: string; follow: boolean }) => {
      const path = `${EVENTS}${query({ stream, type, from: since, follow })}`;
      for await (const line of auditor({ personal: personal === true }).lines('GET', path))
        console.log(json ? line : safe(eventLine(line)));
    });

const eventLine = (line: string): string => {
  const {
    time: at,
    stream,
    revision,
    type,
    metadata,
    data,
  } = JSON.parse(line) as {
    time?: string;
    stream: string;
    revision: number;
    type?: string;
    metadata?: { actor?: string };
    data?: object;
  };
  const text = JSON.stringify(data ?? {});
  const shortened = text.length > 120 ? `${text.slice(0, 119)}…` : text;
  return [moment(at), `${stream}@${revision}`, type, metadata?.actor, shortened].filter(Boolean).join('  ');
};

const exportCommand = (): Command =>
  filtered(new Command('export'))
    .description('write the log to a file, one event a line; an export that was interrupted goes on where it stopped')
    .requiredOption('--to <file>', 'when it exists: what is missing at its end is added')
    .option('--from <time>', 'recorded at or after this time, or so long ago', time)
    .option('--until <time>', 'recorded before', time)
    .option('--json', 'print the result as JSON')
    .action(async (options: OutputOptions & Filters & { to: string; from?: string; until?: string }) => {
      const { to, stream, type, from, until } = options;
      using file = new ExportFile(to);
      const path = `${EVENTS}${query({ stream, type, from, to: until, after: file.position })}`;
      const events = await withProgress('Exporting events', undefined, async (update) => {
        let count = 0;
        for await (const line of auditor(options).lines('GET', path)) {
          file.add(line);
          update((count += 1));
        }
        return count;
      });
      file.flush();
      print(options, { file: to, events }, () => `${events} events added to ${to}`);
    });

/** Lines are gathered to this size before they are written. */
const CHUNK_CHARS = 1024 * 1024;
/** Longer than any line: an append is at most 900 KiB, opened personal data the same again. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** A file of whole lines. What an interruption left of a line is cut off. */
class ExportFile implements Disposable {
  /** Of the last event in it. */
  readonly position: string | undefined;
  readonly #file: number;
  #pending = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a+', 0o600);
    const { size } = fstatSync(this.#file);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(this.#file, tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(0x0a) + 1;
    const last = tail.toString('utf8', tail.lastIndexOf(0x0a, end - 2) + 1, Math.max(0, end - 1));
    this.position = end === 0 ? undefined : positionOf(last, path);
    if (end === 0 && size > 0 && tail[0] !== 0x7b) throw notAnExport(path);
    ftruncateSync(this.#file, size - tail.length + end);
  }

  add(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length >= CHUNK_CHARS) this.flush();
  }

  flush(): void {
    appendFileSync(this.#file, this.#pending);
    this.#pending = '';
  }

  [Symbol.dispose](): void {
    this.flush();
    closeSync(this.#file);
  }
}

const positionOf = (line: string, path: string): string => {
  try {
    const { position } = JSON.parse(line) as { position?: unknown };
    if (typeof position === 'string') return position;
  } catch {
    // Told below.
  }
  throw notAnExport(path);
};

const notAnExport = (path: string): CommandError =>
  new CommandError(EXIT.refused, `${path} is no export of a log; name another file with --to`);
