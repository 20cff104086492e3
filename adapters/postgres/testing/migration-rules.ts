import type { Migration } from '../migration.ts';

/**
 * Why a list of migrations must not be released: one sentence per fault. What a migration creates itself nobody else uses yet, so all of this is
 * about what was there before. PostgreSQL's own documentation says which statement takes which lock; an SQL parser would find no more in
 * statements of our own style.
 */
export const faultsOf = (migrations: readonly Migration[]): string[] => {
  const faults: string[] = [];
  const known = new Set<string>();
  const names = new Set<string>();
  let floor = 0;
  for (const [place, migration] of migrations.entries()) {
    const { name, compatibleFrom = floor } = migration;
    const fault = (text: string) => void faults.push(`${name}: ${text}`);
    if (names.has(name)) fault('another migration has this name');
    names.add(name);
    if (compatibleFrom < floor) fault(`releases below version ${floor} cannot run any more, whatever it says`);
    if (compatibleFrom > place + 1) fault(`compatibleFrom is a version that does not exist yet`);
    const contracts = compatibleFrom > floor;
    floor = Math.max(floor, compatibleFrom);
    if (migration.change.kind === 'sql') checkStatements(migration.change.sql, known, contracts, fault);
    if (migration.change.kind === 'backfill') checkBackfill(migration.change.sql, fault);
    if (migration.change.kind === 'index') known.add(migration.change.index);
  }
  return faults;
};

/** Under an exclusive lock they read or write every row. */
const REWRITES: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /^ALTER TABLE .* ALTER (COLUMN )?\w+ (SET DATA )?TYPE\b/i,
    'changing a type rewrites the table: add a column, fill it, and let a later release drop the old one',
  ],
  [
    /^ALTER TABLE .* SET NOT NULL/i,
    'SET NOT NULL reads every row: add CHECK (… IS NOT NULL) NOT VALID, validate it by a migration of kind `validate`',
  ],
  [
    /^ALTER TABLE .* ADD (COLUMN )?.*(\bserial\b|bigserial|GENERATED|random\(|gen_random_uuid|clock_timestamp|nextval)/i,
    'such a column rewrites the table: add it without, and fill it by a backfill',
  ],
  [
    /^ALTER TABLE .* ADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY)(?!.*NOT VALID)/i,
    'reads every row: add it NOT VALID, validate it by a migration of kind `validate`',
  ],
  [
    /^ALTER TABLE .* ADD (COLUMN )?.*\b(REFERENCES|CHECK)\b(?!.*NOT VALID)/i,
    'reads every row: add the constraint NOT VALID, validate it by a migration of kind `validate`',
  ],
  [
    /^ALTER TABLE .* ADD (CONSTRAINT \w+ )?(UNIQUE|PRIMARY KEY)(?!.*USING INDEX)/i,
    'builds an index under an exclusive lock: a migration of kind `index` first, then USING INDEX',
  ],
  [/^ALTER TABLE .* (SET (UN)?LOGGED|SET TABLESPACE|SET ACCESS METHOD)/i, 'rewrites the table'],
  [/\bVALIDATE CONSTRAINT\b/i, 'reads every row: a migration of kind `validate`'],
  [/^(CLUSTER|VACUUM|REINDEX|LOCK|REFRESH)\b/i, 'holds the table for as long as it takes'],
];
/** Older releases may still use what goes. */
const TAKES_AWAY = /^DROP|^ALTER \w+ .*\b(DROP (?!NOT NULL|DEFAULT)|RENAME)\b/i;
const CREATES =
  /^CREATE (?:UNLOGGED )?(TABLE|FUNCTION|INDEX|UNIQUE INDEX|TRIGGER|TYPE|VIEW|SEQUENCE) (?:CONCURRENTLY )?(?:IF NOT EXISTS )?(\w+)(?:.*? ON (\w+))?/is;
const ALTERS = /^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(\w+)/i;
const CHANGES_ROWS = /^(?:WITH\b.*\b)?(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)/is;

const checkStatements = (sql: string, known: Set<string>, contracts: boolean, fault: (text: string) => void): void => {
  const own = new Set<string>();
  const altered = new Set<string>();
  for (const statement of statementsOf(sql)) {
    const inShort = statement.slice(0, 60);
    const [, what = '', created = '', on = ''] = CREATES.exec(statement) ?? [];
    if (/^CREATE OR REPLACE/i.test(statement))
      fault(`older releases call what it replaces, with the rights that it has: make another one, under another name (${inShort})`);
    if (/INDEX/i.test(what) && !own.has(on)) fault(`an index on ${on} is a migration of kind \`index\``);
    if (/TRIGGER/i.test(what) && !own.has(on)) altered.add(on);
    if (/FUNCTION/i.test(what) && known.has(created))
      fault(`a second function ${created}: give it another name, which rights and statements tell apart`);
    if (created !== '') own.add(created);
    const table = ALTERS.exec(statement)?.[1];
    if (table !== undefined && !own.has(table)) {
      altered.add(table);
      for (const [pattern, advice] of REWRITES) if (pattern.test(statement)) fault(`${advice} (${inShort})`);
    }
    if (!/^ALTER/i.test(statement)) for (const [pattern, advice] of REWRITES) if (pattern.test(statement)) fault(`${advice} (${inShort})`);
    if (TAKES_AWAY.test(statement) && !contracts)
      fault(`an older release may use what it takes away: say by compatibleFrom which one no longer does (${inShort})`);
    const filled = CHANGES_ROWS.exec(statement)?.[1];
    if (filled !== undefined && !own.has(filled)) fault(`rows of ${filled} are changed by a migration of kind \`backfill\``);
  }
  if (altered.size > 1) fault(`holds locks on ${[...altered].join(' and ')} together: one migration each`);
  for (const name of own) known.add(name);
};

const checkBackfill = (sql: string, fault: (text: string) => void): void => {
  if (!/\bLIMIT \d+/i.test(sql)) fault('a backfill takes some rows at a time: LIMIT');
  if (!sql.includes('$1')) fault('a backfill goes on behind the key $1');
  if (!/\bORDER BY\b/i.test(sql)) fault('a backfill goes on in the order of a key: ORDER BY');
};

/** Without comments; what a function or a DO block holds is its own affair, and stays with it. */
const statementsOf = (sql: string): readonly string[] =>
  sql
    .replaceAll(/\/\*.*?\*\//gs, ' ')
    .replaceAll(/--[^\n]*/g, ' ')
    .replaceAll(/\$\$.*?\$\$/gs, "''")
    .split(';')
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '' && !/^DO /i.test(statement));
