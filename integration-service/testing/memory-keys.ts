import { randomBytes } from 'node:crypto';
import { randomId } from '@sagahub/contracts/ids.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

export const memoryKeys = (): KeyStore => {
  const secrets = new Map<string, Uint8Array>();
  const subjects = new Map<string, { keyId: string; key: Uint8Array }>();
  return {
    createSecret(name: string, value: Uint8Array) {
      if (!secrets.has(name)) secrets.set(name, value);
      return Promise.resolve(secrets.get(name)!);
    },
    subjectKey(subject: string) {
      if (!subjects.has(subject)) subjects.set(subject, { keyId: randomId(), key: randomBytes(32) });
      return Promise.resolve(subjects.get(subject)!);
    },
    keys: (ids: readonly string[]) =>
      Promise.resolve(new Map([...subjects.values()].filter(({ keyId }) => ids.includes(keyId)).map(({ keyId, key }) => [keyId, key]))),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  } as unknown as KeyStore;
};
