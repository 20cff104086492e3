import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { openDatabase } from '@sagahub/adapters/postgres/database.ts';
import { openHubDatabase } from '@sagahub/adapters/postgres/hub-database.ts';
import { HUB_MIGRATIONS, HUB_RIGHTS } from '@sagahub/adapters/postgres/hub-schema.ts';
import { KEY_MIGRATIONS } from '@sagahub/adapters/postgres/key-schema.ts';
import type { Migration } from '@sagahub/adapters/postgres/migration.ts';
import { faultsOf } from '@sagahub/adapters/postgres/testing/migration-rules.ts';
import { privateServer } from '@sagahub/adapters/postgres/testing/hub-harness.ts';
import type { Migration as SqliteMigration } from '@sagahub/adapters/sqlite/migrations.ts';
import { LOG_MIGRATIONS } from '@sagahub/adapters/sqlite/log-schema.ts';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { migrateWith } from '../support/engines.ts';
import { otherPackages, type PreviousRelease, previousRelease, THIS_RELEASE } from '../support/previous-release.ts';
import { COMING_MIGRATIONS } from './coming-changes.ts';

const server = privateServer();

type Released = string | Migration | SqliteMigration;
/** 0.1.0 had nothing but SQL. */
const textOf = (released: Released): string => {
  if (typeof released === 'string') return released;
  if ('sql' in released) return released.sql;
  return released.change.kind === 'sql' ? released.change.sql : JSON.stringify(released.change);
};

describe('the schema that the previous release has left', () => {
  let previous: PreviousRelease;
  before(function () {
    previous = previousRelease(this);
  });
  after(() => previous?.[Symbol.dispose]());

  /** Code of the previous release, in this process. */
  const ofPrevious = (file: string): Promise<any> => import(pathToFileURL(join(previous.folder, file)).href);

  it('is what the migrations of this release begin with: none that was released is edited', async () => {
    for (const [file, list, own] of [
      ['adapters/postgres/hub-schema.ts', 'HUB_MIGRATIONS', HUB_MIGRATIONS],
      ['adapters/postgres/key-schema.ts', 'KEY_MIGRATIONS', KEY_MIGRATIONS],
      ['adapters/sqlite/log-schema.ts', 'LOG_MIGRATIONS', LOG_MIGRATIONS],
    ] as const) {
      const released = (await ofPrevious(file))[list] as readonly Released[];
      assert.ok(released.length > 0);
      const edited = released.flatMap((migration, index) =>
        textOf(migration) === textOf(own[index]!) ? [] : [`${list}, version ${index + 1}`],
      );
      assert.deepEqual(edited, []);
    }
  });

  it('is brought up to date by this release, and the previous one starts and works on it, with its events read by either', async () => {
    const url = await server().createDatabase();
    await migrateWith(previous.folder)(url);
    await migrateWith(THIS_RELEASE)(url);
    await (await openDatabase({ url, schema: 'sagahub', role: 'hub', migrations: COMING_MIGRATIONS, rights: HUB_RIGHTS }))[
      Symbol.asyncDispose
    ]();
    await server().query(url, 'CREATE ROLE service LOGIN IN ROLE hub, keys');
    const asService = url.replace('postgres@', 'service@');
    const clock = systemClock();
    const { openHubDatabase: openPrevious } = await ofPrevious('adapters/postgres/hub-database.ts');
    const { openPostgresEventStore: previousStore } = await ofPrevious('adapters/postgres/event-store.ts');
    const { openPostgresEventStore } = await import('@sagahub/adapters/postgres/event-store.ts');
    await using before = await openPrevious({ url: asService });
    await using now = await openHubDatabase({ url: asService });
    await using older = await previousStore(before, { clock });
    await using newer = await openPostgresEventStore(now, { clock });
    assert.equal((await older.append(appendOf('order-1'))).revision, 0);
    assert.equal((await newer.append(appendOf('order-1', 0))).revision, 1);
    assert.equal((await older.append(appendOf('order-1', 1))).revision, 2);
    const events = await newer.readStream('order-1');
    assert.equal(events.length, 3);
    assert.deepEqual(await older.readStream('order-1'), events);
  });

  it('is refused by the previous release once something that it needs is gone', async () => {
    const url = await server().createDatabase();
    const version = HUB_MIGRATIONS.length + 1;
    const contract: Migration = {
      name: 'gone',
      compatibleFrom: version,
      change: { kind: 'sql', sql: 'ALTER TABLE stock DROP COLUMN loaded' },
    };
    await (await openDatabase({ url, schema: 'sagahub', migrations: [...HUB_MIGRATIONS, contract] }))[Symbol.asyncDispose]();
    const { openHubDatabase: openPrevious } = await ofPrevious('adapters/postgres/hub-database.ts');
    await assert.rejects(openPrevious({ url }), /start the newer release again/);
    await assert.rejects(openHubDatabase({ url }), new RegExp(`can be used by releases that know version ${version}`));
  });

  it('may be changed by everything that the rolling upgrade is tested with', () => assert.deepEqual(faultsOf(COMING_MIGRATIONS), []));
});

describe('packages of the previous release', () => {
  it('are those of this one, unless production has another version of one, or one that is gone', () => {
    const lock = (packages: Record<string, object>) => ({ packages: { '': {}, ...packages } });
    const there = lock({
      'node_modules/pg': { version: '8.1.0' },
      'node_modules/zod': { version: '4.0.0' },
      'node_modules/mocha': { version: '12.0.0', dev: true },
      'node_modules/@sagahub/hub': { link: true },
    });
    assert.deepEqual(otherPackages(there, lock({ 'node_modules/pg': { version: '8.1.0' }, 'node_modules/zod': { version: '4.0.0' } })), []);
    assert.deepEqual(otherPackages(there, lock({ 'node_modules/pg': { version: '8.2.0' } })), ['pg 8.1.0', 'zod 4.0.0']);
  });
});
