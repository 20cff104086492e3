import type { JsonObject } from '../json.ts';
import type { CollectionSpec, DocumentPut, DocumentStore } from './document-store.ts';

export interface DocumentStoreHarness extends AsyncDisposable {
  /** Empty at first; opened again after it was disposed, it holds what it held. Same collections every time. */
  open(collections: readonly CollectionSpec[]): Promise<DocumentStore>;
}

export const ORDERS = 'orders';
export const LETTERS = 'dead-letters';
const COLLECTIONS: readonly CollectionSpec[] = [
  { name: ORDERS, indexes: [['partner', 'amount'], ['status'], ['amount'], ['note'], ['urgent']], selective: ['note'] },
  { name: LETTERS, indexes: [] },
];

export const put = (id: string, revision: number, body: JsonObject = {}, collection = ORDERS): DocumentPut => ({
  collection,
  id,
  revision,
  body,
});
export const openDocuments = async (open: () => Promise<DocumentStoreHarness>) => {
  const harness = await open();
  const store = await harness.open(COLLECTIONS);
  return {
    store,
    /** Closes the store and opens it again on the same data. */
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      return harness.open(COLLECTIONS);
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
};
