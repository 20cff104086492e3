import { randomId } from '@sagahub/contracts/ids.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { EventStoreHarness } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { systemClock } from '../../process/clock.ts';
import { type EventStoreDbOptions, openEventStoreDb } from '../event-store.ts';

export interface LogHarness extends EventStoreHarness {
  readonly streamPrefix: string;
  /** Another process' view of the same log. */
  openAnother(options?: Partial<EventStoreDbOptions>): Promise<EventStore>;
}

/** A log of its own on a server that many tests share, which has no databases: told apart by a prefix. */
export const logOn = async (url: string, options: Partial<EventStoreDbOptions> = {}): Promise<LogHarness> => {
  const streamPrefix = `test-${randomId()}.`;
  const opened: EventStore[] = [];
  const open = async (other: Partial<EventStoreDbOptions> = {}): Promise<EventStore> => {
    const shared = { url, clock: systemClock(), logger: silentTelemetry.logger, streamPrefix, heartbeatMs: 50 };
    const store = await openEventStoreDb({ ...shared, ...options, ...other });
    opened.push(store);
    return store;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((store) => store[Symbol.asyncDispose]()));
  };
  return {
    streamPrefix,
    store: await open(),
    openAnother: open,
    reopen: async () => {
      await close();
      return open();
    },
    [Symbol.asyncDispose]: close,
  };
};
