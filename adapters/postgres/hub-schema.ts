import { holdFunctions } from './hold-functions.ts';
import { appendFunction, placeFunction, sequenceFunction } from './log-functions.ts';
import type { Migration } from './migration.ts';
import { openWorkFunctions } from './open-work-functions.ts';

/**
 * The log. Stream keys and revisions are integers; names are compared byte by byte. An append writes `streams`, `events` and
 * `unsequenced`; the sequencer moves its row from there to `placed`, which gives its events the positions from `first_position` on.
 */
const LOG = `
CREATE TABLE leaders (name text PRIMARY KEY, epoch bigint NOT NULL);

CREATE TABLE streams (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  category text COLLATE "C" NOT NULL,
  revision integer NOT NULL,
  hash bytea NOT NULL,
  time_ms bigint NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE events (
  stream bigint NOT NULL,
  revision integer NOT NULL,
  hash bytea NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (stream, revision)
);
DO $$ BEGIN
  IF (SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression') THEN
    ALTER TABLE events ALTER COLUMN bytes SET COMPRESSION lz4;
  END IF;
END $$;

CREATE TABLE request_keys (key text COLLATE "C" PRIMARY KEY, stream text COLLATE "C" NOT NULL);

CREATE TABLE unsequenced (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream bigint NOT NULL,
  first_revision integer NOT NULL,
  events integer NOT NULL,
  earliest_ms bigint NOT NULL
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 1000000000);

CREATE TABLE placed (
  first_position bigint PRIMARY KEY,
  stream bigint NOT NULL,
  first_revision integer NOT NULL,
  events integer NOT NULL
);
CREATE UNIQUE INDEX placed_by_stream ON placed (stream, first_revision);

/* Of each 1,000 positions, the earliest time of an append that begins among them: finds events by time. */
CREATE TABLE time_blocks (block bigint PRIMARY KEY, earliest_ms bigint NOT NULL);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'HUB03';
END $$;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_are_never_emptied BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER places_are_never_changed BEFORE UPDATE OR DELETE ON placed FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER places_are_never_emptied BEFORE TRUNCATE ON placed FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER streams_are_never_renamed BEFORE UPDATE OF key, name, category OR DELETE ON streams FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER streams_are_never_emptied BEFORE TRUNCATE ON streams FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
${appendFunction}
${sequenceFunction}
`;

/** Who holds how much of what, and who used which code. State 0 is held (applied), 1 released, 2 rejected. */
const HOLDS = `
CREATE TABLE stock (
  sku text COLLATE "C" PRIMARY KEY,
  free numeric NOT NULL,
  held numeric NOT NULL,
  loaded numeric NOT NULL,
  revision integer NOT NULL,
  CHECK (free + held = loaded)
) WITH (fillfactor = 50);
CREATE TABLE stock_levels (sku text COLLATE "C", revision integer, change text NOT NULL, PRIMARY KEY (sku, revision));
CREATE TABLE stock_holds (holder text COLLATE "C" PRIMARY KEY, state smallint NOT NULL, items text NOT NULL) WITH (fillfactor = 90);
CREATE TABLE discounts (
  code text COLLATE "C" PRIMARY KEY,
  percent text NOT NULL,
  valid_from text,
  valid_to text,
  max_redemptions bigint,
  redeemed bigint NOT NULL DEFAULT 0,
  revision integer NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE discount_holds (holder text COLLATE "C" PRIMARY KEY, state smallint NOT NULL, code text NOT NULL, answer text NOT NULL);
${holdFunctions}
`;

const OPEN_WORK = `
CREATE TABLE open_work (
  stream text COLLATE "C" NOT NULL,
  step text COLLATE "C" NOT NULL,
  queue text COLLATE "C" NOT NULL,
  partner_id text COLLATE "C" NOT NULL,
  attempt integer NOT NULL,
  /* The log's time, the one it was deferred to, the end of its lease: the last one set counts, and that is due_ms. */
  logged_due_ms bigint NOT NULL,
  deferred_to_ms bigint,
  leased_until_ms bigint,
  due_ms bigint NOT NULL,
  since_ms bigint NOT NULL,
  revision integer NOT NULL,
  saga_version integer NOT NULL,
  PRIMARY KEY (stream, step)
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX open_work_by_due ON open_work (due_ms);
/* One row, always a new one: an old version that a long transaction keeps is never looked at again. */
CREATE TABLE open_work_checkpoint (position bigint PRIMARY KEY);
INSERT INTO open_work_checkpoint VALUES (0);
${openWorkFunctions}
`;

/** Which log holds and open work are of: see `holds-origin.ts`. Those that are in use are taken for whole. */
const HOLDS_ORIGIN = `
CREATE TABLE holds_origin (log_id text PRIMARY KEY);
INSERT INTO holds_origin SELECT ''
WHERE EXISTS (SELECT FROM stock) OR EXISTS (SELECT FROM discounts) OR EXISTS (SELECT FROM open_work_checkpoint WHERE position > 0);
`;

/** Of the schema that holds the log, the holds and the open work. A function is changed by making another one beside it, under another name. */
export const HUB_MIGRATIONS: readonly Migration[] = [
  { name: 'log', compatibleFrom: 1, change: { kind: 'sql', sql: LOG } },
  { name: 'holds', compatibleFrom: 2, change: { kind: 'sql', sql: HOLDS } },
  { name: 'open-work', compatibleFrom: 3, change: { kind: 'sql', sql: OPEN_WORK } },
  { name: 'holds-origin', change: { kind: 'sql', sql: HOLDS_ORIGIN } },
  { name: 'place-appends', change: { kind: 'sql', sql: placeFunction } },
];

/**
 * What running needs. The log is read, and written by two functions alone (and one that earlier releases call), which run with the rights of their owner: nothing is
 * added to it, placed or taken from what waits for its place but by them. Their search path is pinned, temporary tables last: a caller cannot
 * put tables of its own in the place of ours. What is folded from the log can be written, since it can be folded again.
 */
export const HUB_RIGHTS = `
REVOKE ALL ON ALL TABLES IN SCHEMA $schema FROM $role, PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA $schema FROM $role, PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA $schema FROM $role, PUBLIC;
REVOKE ALL ON SCHEMA $schema FROM $role, PUBLIC;
GRANT USAGE ON SCHEMA $schema TO $role;
GRANT SELECT ON ALL TABLES IN SCHEMA $schema TO $role;
GRANT INSERT, UPDATE ON leaders TO $role;
GRANT INSERT, UPDATE, DELETE ON stock, stock_levels, stock_holds, discounts, discount_holds, open_work, open_work_checkpoint, holds_origin TO $role;
GRANT EXECUTE ON FUNCTION append_events, sequence_appends, place_appends, reserve_stock, apply_open_work TO $role;
ALTER FUNCTION append_events SECURITY DEFINER;
ALTER FUNCTION append_events SET search_path = $schema, pg_temp;
ALTER FUNCTION sequence_appends SECURITY DEFINER;
ALTER FUNCTION sequence_appends SET search_path = $schema, pg_temp;
ALTER FUNCTION place_appends SECURITY DEFINER;
ALTER FUNCTION place_appends SET search_path = $schema, pg_temp;
`;
