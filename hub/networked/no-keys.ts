import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

const refuse = () => Promise.reject(new TypeError('this process has no access to keys'));

/** Of a process that neither seals nor opens anything: it needs no rights on the keys, and a flaw in it reaches none. */
export const noKeys: KeyStore = {
  subjectKey: refuse,
  keys: refuse,
  eraseSubject: refuse,
  secret: refuse,
  putSecret: refuse,
  createSecret: refuse,
  deleteSecret: refuse,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
