import { randomBytes } from 'node:crypto';
import { RequestKeyTakenError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { randomId } from '@sagahub/contracts/ids.ts';
import type { Append, EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

export class MemoryDisk {
  readonly namespace = randomId();
  readonly streams = new Map<string, RecordedEvent[]>();
  readonly requests = new Map<string, string>();
  readonly secrets = new Map<string, Uint8Array>();
  readonly subjects = new Map<string, { keyId: string; key: Uint8Array }>();
}

export const memoryStore = (disk: MemoryDisk): EventStore =>
  ({
    namespace: disk.namespace,
    async append({ stream, expectedRevision, events, requestKey }: Append) {
      await new Promise((resolve) => setImmediate(resolve));
      const there = disk.streams.get(stream) ?? [];
      if (there.length - 1 !== expectedRevision) throw new RevisionConflictError(stream, expectedRevision, there.length - 1);
      const holder = requestKey === undefined ? undefined : disk.requests.get(requestKey);
      if (holder !== undefined && holder !== stream) throw new RequestKeyTakenError(holder);
      if (requestKey !== undefined) disk.requests.set(requestKey, stream);
      disk.streams.set(stream, [
        ...there,
        ...events.map((event, i) => ({ ...event, stream, revision: there.length + i, position: 0n, hash: '' })),
      ]);
      return { revision: there.length + events.length - 1 };
    },
    readStream: (stream: string, { from = 0, to = Infinity } = {}) =>
      Promise.resolve((disk.streams.get(stream) ?? []).filter(({ revision }) => revision >= from && revision <= to)),
    readAll: () => Promise.resolve([...disk.streams.values()].flat()),
    findRequest: (key: string) => Promise.resolve(disk.requests.get(key)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }) as unknown as EventStore;

export const memoryKeys = (disk: MemoryDisk): KeyStore =>
  ({
    createSecret(name: string, value: Uint8Array) {
      if (!disk.secrets.has(name)) disk.secrets.set(name, value);
      return Promise.resolve(disk.secrets.get(name)!);
    },
    subjectKey(subject: string) {
      if (!disk.subjects.has(subject)) disk.subjects.set(subject, { keyId: randomId(), key: randomBytes(32) });
      return Promise.resolve(disk.subjects.get(subject)!);
    },
    keys: (ids: readonly string[]) =>
      Promise.resolve(
        new Map([...disk.subjects.values()].filter(({ keyId }) => ids.includes(keyId)).map(({ keyId, key }) => [keyId, key])),
      ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }) as unknown as KeyStore;
