import { randomBytes } from 'node:crypto';
import { randomId } from '@sagahub/contracts/ids.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

/** Subject keys in memory; secrets are nobody's business here. */
export const memoryKeys = (): Pick<KeyStore, 'subjectKey' | 'keys' | 'eraseSubject'> => {
  const subjects = new Map<string, { readonly keyId: string; readonly key: Uint8Array }>();
  return {
    subjectKey: (subject) => {
      const found = subjects.get(subject) ?? { keyId: randomId(), key: randomBytes(32) };
      subjects.set(subject, found);
      return Promise.resolve(found);
    },
    keys: (ids) =>
      Promise.resolve(new Map([...subjects.values()].filter(({ keyId }) => ids.includes(keyId)).map(({ keyId, key }) => [keyId, key]))),
    eraseSubject: (subject) => Promise.resolve(subjects.delete(subject) ? 1 : 0),
  };
};
