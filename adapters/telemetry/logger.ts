import { styleText } from 'node:util';
import type { Attributes, Logger } from '@sagahub/contracts/ports/telemetry.ts';
import winston from 'winston';
import { loggedError, loggedFields, type LoggedError } from './log-record.ts';
import { scrub } from './redaction.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** On every line: `service`, `version`. */
  readonly fields: Attributes;
  readonly stream: NodeJS.WritableStream;
  /** For people at a terminal; otherwise one JSON object a line. */
  readonly pretty: boolean;
}

interface LogRecord {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly error?: LoggedError;
  readonly [field: string]: unknown;
}

export const createLogger = (options: LoggerOptions): Logger => {
  const output = winston.createLogger({
    level: options.level,
    levels: Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank])),
    format: options.pretty
      ? winston.format.printf((info) => prettyLine(info as unknown as LogRecord))
      : winston.format.printf((info) => JSON.stringify(info)),
    transports: [new winston.transports.Stream({ stream: options.stream })],
  });
  const rank = LOG_LEVELS.indexOf(options.level);
  const bound = (base: Attributes): Logger => {
    const write = (level: LogLevel, message: string, fields: Attributes | undefined, error?: unknown): void => {
      if (LOG_LEVELS.indexOf(level) > rank) return; // before anything is built: a debug line that is off costs nothing
      output.log({
        time: new Date().toISOString(),
        level,
        message: scrub(message),
        ...loggedFields(fields ? { ...base, ...fields } : base),
        ...(error === undefined ? {} : { error: loggedError(error) }),
      });
    };
    return {
      debug: (message, fields) => write('debug', message, fields),
      info: (message, fields) => write('info', message, fields),
      warn: (message, fields) => write('warn', message, fields),
      error: (message, fields, error) => write('error', message, fields, error),
      child: (fields) => bound({ ...base, ...fields }),
    };
  };
  return bound(options.fields);
};

const COLOUR = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' } as const;
/** The same on every line of a terminal; they would only push the message out of sight. */
const HIDDEN = new Set(['time', 'level', 'message', 'error', 'service', 'version']);

const prettyLine = (record: LogRecord): string => {
  const fields = Object.entries(record).filter(([key]) => !HIDDEN.has(key));
  const head = `${record.time.slice(11, 23)} ${styleText(COLOUR[record.level], record.level.toUpperCase().padEnd(5))} ${record.message}`;
  const tail = fields.map(([key, value]) => styleText('gray', `${key}=${String(value)}`)).join(' ');
  return [tail ? `${head}  ${tail}` : head, ...errorLines(record.error)].join('\n');
};

const errorLines = (error: LoggedError | undefined): string[] =>
  error
    ? [`  ${error.stack ?? `${error.type}: ${error.message}`}`, ...errorLines(error.cause).map((line) => `  caused by ${line.trim()}`)]
    : [];
