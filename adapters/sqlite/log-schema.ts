import type { Migration } from './migrations.ts';

/**
 * The schema of `log.db`. It decides the speed of the whole: rows of the log are appended behind one another, streams are named
 * by a number, nothing has an index on random text (see `fingerprint.ts`), and a holder is one row. An index on event ids alone
 * would cost as much as everything else together.
 */
const LOG = `
  CREATE TABLE streams (
    key INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, category TEXT NOT NULL, name TEXT NOT NULL
  ) STRICT;
  CREATE INDEX streams_by_fingerprint ON streams (fingerprint);

  CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, revision INTEGER NOT NULL, hash TEXT NOT NULL, bytes TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
  CREATE TABLE event_blocks (block INTEGER PRIMARY KEY, earliest TEXT NOT NULL) STRICT;

  CREATE TABLE request_keys (
    key INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, name TEXT NOT NULL, stream INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX request_keys_by_fingerprint ON request_keys (fingerprint);

  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events BEGIN SELECT raise(ABORT, 'events are never changed'); END;
  CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN SELECT raise(ABORT, 'events are never deleted'); END;
  CREATE TRIGGER streams_are_never_changed BEFORE UPDATE ON streams BEGIN SELECT raise(ABORT, 'streams are never changed'); END;
  CREATE TRIGGER streams_are_never_deleted BEFORE DELETE ON streams BEGIN SELECT raise(ABORT, 'streams are never deleted'); END;

  CREATE TABLE open_work (stream TEXT PRIMARY KEY, revision INTEGER NOT NULL, items TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE open_work_checkpoint (position TEXT NOT NULL) STRICT;
  INSERT INTO open_work_checkpoint VALUES ('0');

  CREATE TABLE stock (
    sku TEXT PRIMARY KEY, free TEXT NOT NULL, held TEXT NOT NULL, loaded TEXT NOT NULL, revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stock_levels (
    sku TEXT NOT NULL, revision INTEGER NOT NULL, change TEXT NOT NULL, PRIMARY KEY (sku, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stock_holds (
    key INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, state INTEGER NOT NULL, holder TEXT NOT NULL, items TEXT NOT NULL
  ) STRICT;
  CREATE INDEX stock_holds_by_fingerprint ON stock_holds (fingerprint);

  CREATE TABLE discounts (
    code TEXT PRIMARY KEY, percent TEXT NOT NULL, valid_from TEXT, valid_to TEXT, max_redemptions INTEGER,
    redeemed INTEGER NOT NULL, revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE discount_holds (
    key INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, state INTEGER NOT NULL, holder TEXT NOT NULL, code TEXT NOT NULL, answer TEXT NOT NULL
  ) STRICT;
  CREATE INDEX discount_holds_by_fingerprint ON discount_holds (fingerprint);
  `;

export const LOG_MIGRATIONS: readonly Migration[] = [{ sql: LOG, compatibleFrom: 1 }];
