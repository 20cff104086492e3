import type { Migration } from './migration.ts';

const KEYS = `
CREATE TABLE subject_keys (
  subject text COLLATE "C" PRIMARY KEY,
  key_id text COLLATE "C" NOT NULL UNIQUE,
  master_key_id text NOT NULL,
  wrapped bytea NOT NULL
);
CREATE TABLE secrets (
  name text COLLATE "C" PRIMARY KEY,
  master_key_id text NOT NULL,
  wrapped bytea NOT NULL
);`;

/** Of the schema that holds keys and secrets, all of them wrapped. */
export const KEY_MIGRATIONS: readonly Migration[] = [{ name: 'keys', compatibleFrom: 1, change: { kind: 'sql', sql: KEYS } }];

/** What running needs. */
export const KEY_RIGHTS = `
REVOKE ALL ON ALL TABLES IN SCHEMA $schema FROM $role, PUBLIC;
REVOKE ALL ON SCHEMA $schema FROM $role, PUBLIC;
GRANT USAGE ON SCHEMA $schema TO $role;
GRANT SELECT ON ALL TABLES IN SCHEMA $schema TO $role;
GRANT SELECT, INSERT, UPDATE, DELETE ON subject_keys, secrets TO $role;
`;
