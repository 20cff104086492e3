import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open, seal, subjectOf } from './personal-data.ts';
import type { KeyStore } from './ports/key-store.ts';

/** One subject, one key. */
const keysHolding = (key: Uint8Array | undefined): KeyStore =>
  ({
    subjectKey: () => Promise.resolve({ keyId: 'k', key }),
    keys: () => Promise.resolve(new Map(key ? [['k', key]] : [])),
  }) as unknown as KeyStore;

describe('personal data', () => {
  const personal = { buyer: { name: 'Ada Keller' }, note: 'ärger 🙂' };
  const subject = subjectOf('acme', 'C-1');

  it('opens what it sealed, and shows none of it while sealed', async () => {
    const keys = keysHolding(randomBytes(32));
    const sealed = await seal(keys, subject, 'order-1', personal);
    assert.deepEqual(await open(keys, 'order-1', sealed), personal);
    assert.doesNotMatch(Buffer.from(sealed.sealed, 'base64').toString('latin1'), /Ada/);
  });

  it('is erased with its key, and says so instead of failing', async () => {
    const sealed = await seal(keysHolding(randomBytes(32)), subject, 'order-1', personal);
    assert.equal(await open(keysHolding(undefined), 'order-1', sealed), undefined);
  });

  it('refuses to open what was sealed for another stream, or was altered', async () => {
    const keys = keysHolding(randomBytes(32));
    const sealed = await seal(keys, subject, 'order-1', personal);
    await assert.rejects(open(keys, 'order-2', sealed));
    await assert.rejects(open(keys, 'order-1', { ...sealed, nonce: randomBytes(12).toString('base64') }));
  });

  it('never uses a nonce twice', async () => {
    const keys = keysHolding(randomBytes(32));
    const nonces = new Set<string>();
    for (let i = 0; i < 2_000; i += 1) nonces.add((await seal(keys, subject, 'order-1', personal)).nonce);
    assert.equal(nonces.size, 2_000);
  });
});
