import type { Database, Statement } from './database.ts';
import type { KeyWrap } from './key-wrap.ts';

const PAGE = 500;

/** What a name in a table is bound to while wrapped: see the key store. */
const TABLES = [
  { table: 'subject_keys', key: 'key_id', prefix: 'subject' },
  { table: 'secrets', key: 'name', prefix: 'secret' },
] as const;

/** Wraps under the newest master key what is wrapped under another, page by page. What changed meanwhile is left to the next page. */
export const rewrapAll = async (database: Database, wrap: KeyWrap): Promise<number> => {
  let count = 0;
  for (const { table, key, prefix } of TABLES) {
    const outdated: Statement = {
      name: `outdated-${table}`,
      text: `SELECT ${key}, master_key_id, wrapped FROM ${table} WHERE master_key_id <> $1 LIMIT ${PAGE}`,
    };
    const replace: Statement = {
      name: `rewrap-${table}`,
      text: `UPDATE ${table} t SET master_key_id = $1, wrapped = a.wrapped
        FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS a (key, was, wrapped) WHERE t.${key} = a.key AND t.wrapped = a.was RETURNING 1`,
    };
    for (;;) {
      const rows = await database.rows<[string, string, Buffer]>(outdated, [wrap.newestId]);
      if (rows.length === 0) break;
      const wrapped = rows.map(([name, masterKeyId, was]) => {
        const bound = `${prefix} ${name}`;
        return wrap.wrap(bound, wrap.unwrap(bound, { masterKeyId, wrapped: was })).wrapped;
      });
      const values = [wrap.newestId, rows.map(([name]) => name), rows.map(([, , was]) => was), wrapped];
      count += (await database.rows(replace, values)).length;
    }
  }
  return count;
};
