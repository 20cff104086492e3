import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Append } from '@sagahub/contracts/ports/event-store.ts';
import type { HubSeams } from '@sagahub/hub/hub.ts';
import { replacing, withLogWriter, withPort } from './seams.ts';

/** Ends the process on the spot; never settles. */
type Crash = () => Promise<never>;
/** Where the hub may be told to crash, each the first time it comes there. */
type CrashPoint = (crash: Crash) => HubSeams;

const has = (append: Append, type: string): boolean => append.events.some((event) => event.type === type);

/** An append that matches is about to be made. */
const beforeAppend =
  (matches: (append: Append) => boolean): CrashPoint =>
  (crash) =>
    withPort('store', (store) => replacing(store, { append: (append) => (matches(append) ? crash() : store.append(append)) }));

/** An append that matches is on disk, and whoever asked for it has not been told. */
const afterAppend =
  (matches: (append: Append) => boolean): CrashPoint =>
  (crash) =>
    withPort('store', (store) =>
      replacing(store, { append: (append) => (matches(append) ? store.append(append).then(crash) : store.append(append)) }),
    );

/** The thread has been asked, and nobody knows how far it gets. */
const amid = (begin: () => Promise<unknown>, crash: Crash): Promise<never> => {
  void begin();
  return nextTurn().then(crash);
};

export const CRASH_POINTS = {
  'during-append': (crash) =>
    withPort('store', (store) =>
      replacing(store, {
        append: (append) => (has(append, 'OrderReceived') ? amid(() => store.append(append), crash) : store.append(append)),
      }),
    ),
  'after-append': afterAppend((append) => has(append, 'OrderReceived')),
  'before-hint': (crash) => withPort('bus', (bus) => replacing(bus, { publish: crash })),
  'after-reserve': (crash) => withPort('stock', (stock) => replacing(stock, { reserve: (batch) => stock.reserve(batch).then(crash) })),
  'after-decision': afterAppend((append) => has(append, 'ErpSubmissionRequested')),
  'after-erp-answer': beforeAppend((append) => has(append, 'OrderSentToErp')),
  'after-erp-cancellation': beforeAppend((append) => has(append, 'ErpOrderCancelled')),
  'after-release': (crash) => withPort('stock', (stock) => replacing(stock, { release: (holders) => stock.release(holders).then(crash) })),
  'amid-resubmission': beforeAppend(({ events }) => events.some(({ data }) => data['resubmissionOf'] !== undefined)),
  'during-open-work-flush': (crash) =>
    withLogWriter((writer) =>
      replacing(writer, {
        call: (operation, args) =>
          operation === 'saveOpenWork' ? amid(() => writer.call(operation, args), crash) : writer.call(operation, args),
      }),
    ),
  'during-projection': (crash) =>
    withPort('documents', (documents) =>
      replacing(documents, {
        write: (...args) => (args[0] === 'orders' ? amid(() => documents.write(...args), crash) : documents.write(...args)),
      }),
    ),
  'during-rebuild': (crash) =>
    withPort('documents', (documents) =>
      replacing(documents, {
        write: (...args) => (args[3] === undefined ? documents.write(...args) : amid(() => documents.write(...args), crash)),
      }),
    ),
  'before-promote': (crash) => withPort('documents', (documents) => replacing(documents, { promote: crash })),
  'after-promote': (crash) =>
    withPort('documents', (documents) => replacing(documents, { promote: (...args) => documents.promote(...args).then(crash) })),
  'before-level': (crash) => withPort('stock', (stock) => replacing(stock, { setLevels: crash })),
  'after-level': (crash) => withPort('stock', (stock) => replacing(stock, { setLevels: (levels) => stock.setLevels(levels).then(crash) })),
  'after-client-added': afterAppend((append) => has(append, 'ClientAdded')),
} as const satisfies Readonly<Record<string, CrashPoint>>;

export type CrashPointName = keyof typeof CRASH_POINTS;
