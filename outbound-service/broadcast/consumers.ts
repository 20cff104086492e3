import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type ConsumerEvent, CONSUMERS_STREAM } from '@sagahub/contracts/messages/consumer.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { ConsumerSetting } from './config.ts';

/** A consumer as the log knows it. */
export interface KnownConsumer {
  readonly patterns: readonly string[];
  /** Everything behind this was, or is to be, brought to it. */
  readonly after: bigint;
}

const foldConsumers = (known: Map<string, KnownConsumer>, event: Pick<RecordedEvent, 'type' | 'data'>): Map<string, KnownConsumer> => {
  const { type, data } = event as unknown as ConsumerEvent;
  const before = known.get(data.name);
  switch (type) {
    case 'ConsumerAdded':
      return known.set(data.name, { patterns: data.patterns, after: BigInt(data.after) });
    case 'ConsumerChanged':
      return before ? known.set(data.name, { ...before, patterns: data.patterns }) : known;
    case 'ConsumerRecoveryRequested':
      return before && BigInt(data.after) < before.after ? known.set(data.name, { ...before, after: BigInt(data.after) }) : known;
    case 'ConsumerRemoved':
      known.delete(data.name);
      return known;
  }
};

type Store = Pick<EventStore, 'readStream' | 'append' | 'lastPosition' | 'positionAt'>;

/** @throws RevisionConflictError somebody else recorded something meanwhile */
export const recordConsumers = async (
  { store, clock }: { readonly store: Pick<EventStore, 'append'>; readonly clock: Ports['clock'] },
  revision: number,
  bodies: readonly ConsumerEvent[],
  { actor, correlationId = newId() }: { readonly actor: string; readonly correlationId?: string },
): Promise<void> => {
  const metadata = { time: new Date(clock.now()).toISOString(), correlationId, actor, schemaVersion: 1 };
  const events = (bodies as readonly EventBody[]).map(({ type, data }) => ({ id: newId(), type, data, metadata }));
  await store.append({ stream: CONSUMERS_STREAM, expectedRevision: revision, events });
};

export interface ReadConsumers {
  readonly known: ReadonlyMap<string, KnownConsumer>;
  /** Of the stream they stand in. */
  readonly revision: number;
}

export const readConsumers = async (store: Pick<EventStore, 'readStream'>): Promise<ReadConsumers> => {
  const events = await store.readStream(CONSUMERS_STREAM);
  return { known: events.reduce(foldConsumers, new Map<string, KnownConsumer>()), revision: events.at(-1)?.revision ?? NO_STREAM };
};

/** What happens to a consumer before it is recorded: when that fails, the next start does it again. */
export interface Settling {
  /** It is new, or back, and gets what is behind a position. */
  readonly begin: (name: string, after: bigint) => Promise<void>;
  /** It is gone. */
  readonly leave: (name: string) => Promise<void>;
}

/**
 * Brings the log up to the configuration: who is new, changed or gone.
 * @returns those of the configuration
 */
export const settleConsumers = async (
  ports: { readonly store: Store; readonly clock: Ports['clock'] },
  configured: readonly ConsumerSetting[],
  { begin, leave }: Settling,
): Promise<ReadonlyMap<string, KnownConsumer>> => {
  const { store } = ports;
  const { known, revision } = await readConsumers(store);
  const bodies: ConsumerEvent[] = [];
  for (const { name, patterns, since } of configured) {
    const before = known.get(name);
    if (!before) {
      // What happened at the moment itself belongs to what is wanted.
      const after = await (since === undefined ? store.lastPosition() : store.positionAt(new Date(Date.parse(since) - 1).toISOString()));
      await begin(name, after);
      bodies.push({ type: 'ConsumerAdded', data: { name, patterns, after: String(after) } });
    } else if (before.patterns.join() !== patterns.join()) bodies.push({ type: 'ConsumerChanged', data: { name, patterns } });
  }
  const names = new Set(configured.map(({ name }) => name));
  for (const name of known.keys()) {
    if (names.has(name)) continue;
    await leave(name);
    bodies.push({ type: 'ConsumerRemoved', data: { name } });
  }
  if (bodies.length > 0) await recordConsumers(ports, revision, bodies, { actor: 'hub' });
  return (bodies as readonly EventBody[]).reduce(foldConsumers, new Map(known));
};
