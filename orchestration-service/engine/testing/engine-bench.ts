import { openInProcessLeadership } from '@sagahub/adapters/in-process/leadership.ts';
import { openInProcessMessageBus } from '@sagahub/adapters/in-process/message-bus.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { openSqliteOpenWork } from '@sagahub/adapters/sqlite/open-work.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import type { Hint, MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import type { Participants } from '../participants.ts';
import { startRelay } from '../relay.ts';
import { StreamRuntime } from '../runtime.ts';
import { CARRIER_QUEUE, PARCEL_QUEUE, parcelFlow } from './parcel-flow.ts';

/** An engine over real embedded adapters, with time moved by hand. */
export interface EngineBench extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly store: EventStore;
  readonly openWork: OpenWork;
  readonly runtime: StreamRuntime;
  announce(name: string, partnerId?: string): Promise<string>;
  typesOf(stream: string): Promise<string[]>;
}

export interface BenchOptions {
  readonly flow?: Flow;
  readonly participants?: Participants;
  readonly pickUp?: (hint: Hint, runtime: StreamRuntime) => Promise<void>;
  /** Loses hints on purpose. */
  readonly bus?: (bus: MessageBus) => MessageBus;
  /** Told of every term of the relay that begins. */
  readonly onLeading?: () => void;
  readonly relay?: boolean;
}

const packer: Participants = { packer: () => Promise.resolve('box') };

export const engineBench = async ({
  flow = parcelFlow,
  participants = packer,
  pickUp,
  bus: wrap = (bus) => bus,
  onLeading = () => {},
  relay = true,
}: BenchOptions = {}): Promise<EngineBench> => {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const clock = manualClock();
  const log = opened.use(await openLogDatabase(folder.path('log.db')));
  const store = opened.use(await openSqliteEventStore(log, { clock }));
  const openWork = opened.use(await openSqliteOpenWork(log, { clock }));
  const bus = wrap(opened.use(openInProcessMessageBus({ clock })));
  const elections = opened.use(openInProcessLeadership({ clock }));
  const leadership: Leadership = {
    lead: (name, lead) => elections.lead(name, (term) => (onLeading(), lead(term))),
    [Symbol.asyncDispose]: () => elections[Symbol.asyncDispose](),
  };
  const runtime = new StreamRuntime([flow], { store, openWork, bus, leadership, clock, telemetry: silentTelemetry }, { soleWorker: true });
  const workers = { concurrency: 8, perLane: 4 };
  opened.use(await runtime.work(PARCEL_QUEUE, { ...workers, handle: (hint) => runtime.decide(hint, participants) }));
  if (pickUp) opened.use(await runtime.work(CARRIER_QUEUE, { ...workers, handle: (hint) => pickUp(hint, runtime) }));
  if (relay) opened.use(startRelay(runtime));
  const open = opened.move();
  return {
    clock,
    store,
    openWork,
    runtime,
    async announce(name, partnerId = 'acme') {
      const stream = `parcel-${name}`;
      const metadata = {
        time: new Date(clock.now()).toISOString(),
        correlationId: `c-${name}`,
        partnerId,
        actor: 'test',
        schemaVersion: 1,
      };
      await store.append({ stream, expectedRevision: NO_STREAM, events: [{ id: newId(), type: 'ParcelAnnounced', data: {}, metadata }] });
      return stream;
    },
    typesOf: async (stream) => (await store.readStream(stream)).map(({ type }) => type),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};
