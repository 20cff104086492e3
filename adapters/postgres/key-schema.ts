/** Of the schema that holds keys and secrets, all of them wrapped. Never edited once released: a change is a migration of its own. */
export const KEY_MIGRATIONS: readonly string[] = [
  `
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
);`,
];
