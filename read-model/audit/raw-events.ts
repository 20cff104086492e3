import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EventStore, LOG_START, type RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { parseExportLine } from './export-line.ts';

/** Rows in position order; each call reads them anew from the beginning. */
export type RawSource = () => AsyncIterable<RawEvent>;

/** Rows between two turns of the event loop: a hub that examines itself goes on serving. */
const PAGE = 500;

/** The log of a store, or one stream of it, up to the row that is last when reading begins. */
export const rawEventsOf = (store: Pick<EventStore, 'readRaw' | 'lastPosition'>, stream?: string): RawSource =>
  async function* () {
    const last = await store.lastPosition();
    for (let after = LOG_START; ; ) {
      const page = await store.readRaw({ after, limit: PAGE, ...(stream !== undefined && { stream }) });
      for (const event of page) {
        if (event.position > last) return;
        yield event;
      }
      if (page.length < PAGE) return;
      after = page.at(-1)?.position ?? after;
      await nextTurn();
    }
  };

/** An exported log. @throws TypeError naming the first line that the hub did not write */
export const rawEventsOfFile = (path: string): RawSource =>
  async function* () {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
      number += 1;
      if (line === '') continue;
      let event: RawEvent;
      try {
        event = parseExportLine(line);
      } catch (error) {
        throw new TypeError(`${path}:${number} is no line of an exported log`, { cause: error });
      }
      yield event;
    }
  };
