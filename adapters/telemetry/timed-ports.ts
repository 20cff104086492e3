import type { DiscountHolds } from '@sagahub/contracts/ports/discounts.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { StockHolds } from '@sagahub/contracts/ports/stock.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';

/** Times calls of one store. No spans: these calls belong to batches of many traces, or to none. */
export const storeTimer = (store: string, telemetry: Telemetry) => {
  const durations = telemetry.histogram(METRICS.storeCallDuration.name);
  return <Args extends unknown[], Result>(operation: string, call: (...args: Args) => Promise<Result>) => {
    const ok = { store, operation, outcome: 'ok' };
    const error = { store, operation, outcome: 'error' };
    return async (...args: Args): Promise<Result> => {
      const startedMs = performance.now();
      let outcome = error;
      try {
        const result = await call(...args);
        outcome = ok;
        return result;
      } finally {
        durations.record((performance.now() - startedMs) / 1_000, outcome);
      }
    };
  };
};

export const timedDocumentStore = (inner: DocumentStore, telemetry: Telemetry): DocumentStore => {
  const time = storeTimer('documents', telemetry);
  return {
    checkpoint: (...args) => inner.checkpoint(...args),
    takeOver: (...args) => inner.takeOver(...args),
    write: time('write', (...args: Parameters<DocumentStore['write']>) => inner.write(...args)),
    get: time('get', (...args: Parameters<DocumentStore['get']>) => inner.get(...args)),
    getMany: time('get-many', (...args: Parameters<DocumentStore['getMany']>) => inner.getMany(...args)),
    find: time('find', (...args: Parameters<DocumentStore['find']>) => inner.find(...args)),
    countBy: time('count-by', (...args: Parameters<DocumentStore['countBy']>) => inner.countBy(...args)),
    scan: (...args) => inner.scan(...args),
    beginRebuild: (...args) => inner.beginRebuild(...args),
    isWhole: (...args) => inner.isWhole(...args),
    rebuilding: (...args) => inner.rebuilding(...args),
    promote: time('promote', (...args: Parameters<DocumentStore['promote']>) => inner.promote(...args)),
    dropRebuild: (...args) => inner.dropRebuild(...args),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
};

export const timedKeyStore = (inner: KeyStore, telemetry: Telemetry): KeyStore => {
  const time = storeTimer('keys', telemetry);
  return {
    subjectKey: time('subject-key', (subject: string) => inner.subjectKey(subject)),
    keys: time('keys', (keyIds: readonly string[]) => inner.keys(keyIds)),
    eraseSubject: time('erase-subject', (subject: string) => inner.eraseSubject(subject)),
    secret: time('secret', (name: string) => inner.secret(name)),
    putSecret: time('put-secret', (name: string, value: Uint8Array) => inner.putSecret(name, value)),
    createSecret: time('create-secret', (name: string, value: Uint8Array) => inner.createSecret(name, value)),
    deleteSecret: time('delete-secret', (name: string) => inner.deleteSecret(name)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
};

export const timedStock = (inner: StockHolds, telemetry: Telemetry): StockHolds => {
  const time = storeTimer('stock', telemetry);
  return {
    reserve: time('reserve', (batch: Parameters<StockHolds['reserve']>[0]) => inner.reserve(batch)),
    release: time('release', (holders: readonly string[]) => inner.release(holders)),
    setLevels: time('set-levels', (levels: Parameters<StockHolds['setLevels']>[0]) => inner.setLevels(levels)),
    balances: time('balances', (query: Parameters<StockHolds['balances']>[0]) => inner.balances(query)),
    held: (holder) => inner.held(holder),
    clear: () => inner.clear(),
  };
};

export const timedDiscounts = (inner: DiscountHolds, telemetry: Telemetry): DiscountHolds => {
  const time = storeTimer('discounts', telemetry);
  return {
    redeem: time('redeem', (batch: Parameters<DiscountHolds['redeem']>[0]) => inner.redeem(batch)),
    release: time('release', (holders: readonly string[]) => inner.release(holders)),
    define: time('define', (definitions: Parameters<DiscountHolds['define']>[0]) => inner.define(definitions)),
    balances: time('balances', (query: Parameters<DiscountHolds['balances']>[0]) => inner.balances(query)),
    clear: () => inner.clear(),
  };
};
