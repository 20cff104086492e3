import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

const unused = () => Promise.reject(new Error('the gateway has no subjects'));

/** The part of a KeyStore that the gateway uses, in memory. */
export const memorySecrets = (): KeyStore & { readonly all: Map<string, Uint8Array> } => {
  const all = new Map<string, Uint8Array>();
  return {
    all,
    subjectKey: unused,
    keys: unused,
    eraseSubject: unused,
    secret: async (name) => all.get(name),
    putSecret: async (name, value) => void all.set(name, value),
    createSecret: async (name, value) => {
      const standing = all.get(name) ?? value;
      all.set(name, standing);
      return standing;
    },
    deleteSecret: async (name) => void all.delete(name),
    [Symbol.asyncDispose]: async () => {},
  };
};
