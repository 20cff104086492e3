import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { keyStoreContract } from '@sagahub/contracts/ports/key-store.contract.ts';
import { openPostgresKeyStore } from './key-store.ts';
import { parseMasterKeys } from './key-wrap.ts';
import { privateServer } from './testing/hub-harness.ts';

const server = privateServer();
const line = (): string => randomBytes(32).toString('base64');

keyStoreContract('PostgreSQL', async () => {
  const url = await server().createDatabase();
  const masterKeys = parseMasterKeys(line());
  return { open: () => openPostgresKeyStore({ url, masterKeys }), [Symbol.asyncDispose]: async () => undefined };
});

describe('key store in PostgreSQL', () => {
  const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');

  it('gives two processes the same key for a subject, and neither once one of them has erased it', async () => {
    const url = await server().createDatabase();
    const masterKeys = parseMasterKeys(line());
    await using first = await openPostgresKeyStore({ url, masterKeys });
    await using second = await openPostgresKeyStore({ url, masterKeys });
    const [one, other] = await Promise.all([first.subjectKey('acme\nada'), second.subjectKey('acme\nada')]);
    assert.deepEqual([one.keyId, hex(one.key)], [other.keyId, hex(other.key)]);
    await first.eraseSubject('acme\nada');
    assert.equal((await second.keys([one.keyId])).size, 0);
    assert.notEqual((await second.subjectKey('acme\nada')).keyId, one.keyId);
  });

  it('stores nothing in clear', async () => {
    const url = await server().createDatabase();
    await using store = await openPostgresKeyStore({ url, masterKeys: parseMasterKeys(line()) });
    const { key } = await store.subjectKey('acme\nada');
    const secret = Buffer.from('a secret that nobody reads');
    await store.putSecret('signing-key', secret);
    const stored = await server().query<{ wrapped: Buffer }>(
      url,
      'SELECT wrapped FROM sagahub_keys.subject_keys UNION ALL SELECT wrapped FROM sagahub_keys.secrets',
    );
    assert.equal(stored.length, 2);
    for (const { wrapped } of stored) for (const clear of [Buffer.from(key), secret]) assert.ok(!wrapped.includes(clear));
  });

  it('goes over to a new master key, and needs the old one only until everything is wrapped anew', async () => {
    const url = await server().createDatabase();
    const [older, newer] = [line(), line()];
    const before = await openPostgresKeyStore({ url, masterKeys: parseMasterKeys(older) });
    const keys = await Promise.all(Array.from({ length: 1_100 }, (_, number) => before.subjectKey(`acme\n${number}`)));
    await before.putSecret('signing-key', Buffer.from('secret'));
    await before[Symbol.asyncDispose]();

    await assert.rejects(openPostgresKeyStore({ url, masterKeys: parseMasterKeys(newer) }), ConfigurationError);
    const during = await openPostgresKeyStore({ url, masterKeys: parseMasterKeys(`${newer}\n${older}\n`) });
    assert.equal((await during.subjectKey('acme\n7')).keyId, keys[7]?.keyId);
    assert.equal(await during.rewrap(), 1_101);
    assert.equal(await during.rewrap(), 0);
    await during[Symbol.asyncDispose]();

    await using after = await openPostgresKeyStore({ url, masterKeys: parseMasterKeys(newer) });
    const found = await after.keys(keys.map(({ keyId }) => keyId));
    for (const { keyId, key } of keys) assert.equal(hex(found.get(keyId)), hex(key));
    assert.equal(hex(await after.secret('signing-key')), hex(Buffer.from('secret')));
  });

  it('refuses a stored key that was altered, or put in the place of another', async () => {
    const url = await server().createDatabase();
    await using store = await openPostgresKeyStore({ url, masterKeys: parseMasterKeys(line()) });
    await store.putSecret('a', Buffer.from('secret a'));
    await store.putSecret('b', Buffer.from('secret b'));
    await server().query(
      url,
      `UPDATE sagahub_keys.secrets SET wrapped = (SELECT wrapped FROM sagahub_keys.secrets WHERE name = 'b') WHERE name = 'a'`,
    );
    await server().query(
      url,
      `UPDATE sagahub_keys.secrets SET wrapped = set_byte(wrapped, 14, get_byte(wrapped, 14) # 1) WHERE name = 'b'`,
    );
    for (const name of ['a', 'b']) await assert.rejects(store.secret(name), ConfigurationError);
  });

  it('says which line of the master keys is none', () => {
    assert.throws(() => parseMasterKeys(`${line()}\nc2hvcnQ=`), /line 2 is no key of 32 bytes/);
    assert.throws(() => parseMasterKeys('\n'), /holds no master key/);
    assert.equal(parseMasterKeys(randomBytes(32).toString('hex'))[0]?.key.length, 32);
  });
});
