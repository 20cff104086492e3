import type { DocumentPut, DocumentStore } from '@sagahub/contracts/ports/document-store.ts';

/** @param onWrite told what is to be written, before it is; what it throws fails the write */
export const spied = (documents: DocumentStore, onWrite: (puts: readonly DocumentPut[]) => void): DocumentStore =>
  new Proxy(documents, {
    get: (target, member) =>
      member === 'write'
        ? (...args: Parameters<DocumentStore['write']>) => {
            onWrite(args[1]);
            return target.write(...args);
          }
        : Reflect.get(target, member).bind(target),
  });
