import type { StoredDocument } from '@sagahub/contracts/ports/document-store.ts';

/** A document in memory, ahead of the stored one between folding and writing. */
export interface HotDocument {
  readonly id: string;
  /** Revision of the last event folded in; -1 before the first. */
  revision: number;
  body: object | undefined;
  /** Body as it is stored; `undefined` when it is not. */
  stored: object | undefined;
}

/**
 * The documents of objects in flight, the least recently used leaving first. What it holds is always what the store
 * would answer once everything folded has been written.
 */
export class HotDocuments {
  readonly #limit: number;
  readonly #documents = new Map<string, HotDocument>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(stream: string): HotDocument | undefined {
    return this.#documents.get(stream);
  }

  add(stream: string, id: string, found: StoredDocument | undefined): HotDocument {
    const document: HotDocument = { id, revision: found?.revision ?? -1, body: found?.body, stored: found?.body };
    this.#documents.set(stream, document);
    return document;
  }

  /** After a write: `recent` were in it; those that `ended` leave at once. */
  settle(recent: Iterable<readonly [stream: string, ended: boolean]>): void {
    for (const [stream, ended] of recent) {
      const document = this.#documents.get(stream);
      this.#documents.delete(stream);
      if (document && !ended) this.#documents.set(stream, document);
    }
    for (const stream of this.#documents.keys()) {
      if (this.#documents.size <= this.#limit) return;
      this.#documents.delete(stream);
    }
  }

  drop(stream: string): void {
    this.#documents.delete(stream);
  }

  clear(): void {
    this.#documents.clear();
  }
}
