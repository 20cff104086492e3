import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClosedError } from '../errors.ts';
import type { KeyStore } from './key-store.ts';

export interface KeyStoreHarness extends AsyncDisposable {
  /** Empty at first; opened again after it was disposed, it holds what it held. */
  open(): Promise<KeyStore>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString('hex');

const openKeys = async (open: () => Promise<KeyStoreHarness>) => {
  const harness = await open();
  const store = await harness.open();
  return {
    store,
    /** Closes the store and opens it again on the same data. */
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      return harness.open();
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
};

export const keyStoreContract = (adapter: string, open: () => Promise<KeyStoreHarness>) =>
  describe(`KeyStore contract: ${adapter}`, () => {
    it('draws a key of 32 bytes for each subject, and gives the same one every time', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      const [ada, bob] = [await store.subjectKey('acme\nada'), await store.subjectKey('acme\nbob')];
      assert.equal(ada.key.byteLength, 32);
      assert.notEqual(hex(ada.key), hex(bob.key));
      assert.notEqual(ada.keyId, bob.keyId);
      assert.doesNotMatch(ada.keyId, /ada/);
      const again = await store.subjectKey('acme\nada');
      assert.deepEqual([again.keyId, hex(again.key)], [ada.keyId, hex(ada.key)]);
    });

    it('gives concurrent first callers of a subject the same key', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      const keys = await Promise.all(Array.from({ length: 20 }, () => store.subjectKey('acme\nada')));
      assert.equal(new Set(keys.map(({ keyId }) => keyId)).size, 1);
      assert.equal(new Set(keys.map(({ key }) => hex(key))).size, 1);
    });

    it('finds keys by id, and leaves out those it does not have', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      const subjects = await Promise.all(Array.from({ length: 1_200 }, (_, index) => store.subjectKey(`acme\n${index}`)));
      const found = await store.keys([...subjects.map(({ keyId }) => keyId), 'nobody’s']);
      assert.equal(found.size, 1_200);
      for (const { keyId, key } of subjects) assert.equal(hex(found.get(keyId)), hex(key));
      assert.equal((await store.keys([])).size, 0);
    });

    it('still has keys and secrets after it was closed and opened again', async () => {
      await using harness = await openKeys(open);
      const { keyId, key } = await harness.store.subjectKey('acme\nada');
      await harness.store.putSecret('signing-key', bytes('s3cret'));
      await using again = await harness.reopen();
      const same = await again.subjectKey('acme\nada');
      assert.deepEqual([same.keyId, hex(same.key)], [keyId, hex(key)]);
      assert.equal(hex((await again.keys([keyId])).get(keyId)), hex(key));
      assert.equal(hex(await again.secret('signing-key')), hex(bytes('s3cret')));
    });

    it('destroys the keys of an erased subject, and of no other; a later order gets a new one', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      const [ada, bob] = [await store.subjectKey('acme\nada'), await store.subjectKey('acme\nbob')];
      await store.keys([ada.keyId, bob.keyId]);
      assert.equal(await store.eraseSubject('acme\nada'), 1);
      assert.deepEqual([...(await store.keys([ada.keyId, bob.keyId])).keys()], [bob.keyId]);
      assert.equal(await store.eraseSubject('acme\nada'), 0);
      const fresh = await store.subjectKey('acme\nada');
      assert.notEqual(fresh.keyId, ada.keyId);
      assert.notEqual(hex(fresh.key), hex(ada.key));
      await using again = await harness.reopen();
      assert.deepEqual([...(await again.keys([ada.keyId, fresh.keyId])).keys()], [fresh.keyId]);
    });

    it('never gives out an erased key afterwards, however calls overlap', async () => {
      const call = fc.constantFrom('key', 'erase', 'read', 'wait');
      await using harness = await openKeys(open);
      const { store } = harness;
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
          run += 1;
          const subject = `acme\n${run}`;
          const given = new Set<string>();
          let pending: Promise<unknown>[] = [];
          for (const one of calls) {
            if (one === 'key') pending.push(store.subjectKey(subject).then(({ keyId }) => given.add(keyId)));
            else if (one === 'read') pending.push(store.keys([...given]));
            else if (one === 'erase') pending.push(store.eraseSubject(subject));
            else {
              await Promise.all(pending);
              pending = [];
            }
          }
          await Promise.all(pending);
          await store.eraseSubject(subject);
          assert.equal((await store.keys([...given])).size, 0);
          assert.ok(!given.has((await store.subjectKey(subject)).keyId));
        }),
        { numRuns: 25 },
      );
    });

    it('holds secrets by name: put replaces, create does not, delete removes', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      assert.equal(await store.secret('a'), undefined);
      assert.equal(hex(await store.createSecret('a', bytes('first'))), hex(bytes('first')));
      assert.equal(hex(await store.createSecret('a', bytes('second'))), hex(bytes('first')));
      assert.equal(hex(await store.secret('a')), hex(bytes('first')));
      await store.putSecret('a', bytes('third'));
      assert.equal(hex(await store.secret('a')), hex(bytes('third')));
      await store.deleteSecret('a');
      await store.deleteSecret('a');
      assert.equal(await store.secret('a'), undefined);
      await store.putSecret('empty', new Uint8Array());
      assert.equal((await store.secret('empty'))?.byteLength, 0);
    });

    it('lets one of several concurrent creators of a secret win, and tells all of them which', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      const told = await Promise.all(Array.from({ length: 8 }, (_, caller) => store.createSecret('a', bytes(`caller ${caller}`))));
      assert.equal(new Set(told.map(hex)).size, 1);
      assert.equal(hex(await store.secret('a')), hex(told[0]));
    });

    it('refuses to be used once closed', async () => {
      await using harness = await openKeys(open);
      const { store } = harness;
      const { keyId } = await store.subjectKey('acme\nada');
      await store[Symbol.asyncDispose]();
      await assert.rejects(store.subjectKey('acme\nada'), ClosedError);
      await assert.rejects(store.keys([keyId]), ClosedError);
      await assert.rejects(store.putSecret('a', bytes('x')), ClosedError);
    });
  });
