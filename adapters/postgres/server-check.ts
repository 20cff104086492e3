import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type pg from 'pg';
import { type Engine, withoutSecrets } from '../engine/engine.ts';

/** The first with `idle_session_timeout`, which ends the session of a leader that hangs. */
const OLDEST_VERSION = 14;

/** @throws ConfigurationError the server or database is not fit to hold what was acknowledged; names everything at once */
export const requireFitServer = async (client: pg.ClientBase, engine: Engine): Promise<void> => {
  const { rows } = await client.query(
    `SELECT current_setting('server_version_num')::integer / 10000 AS version, current_setting('server_encoding') AS encoding,
      current_setting('synchronous_commit') AS commits`,
  );
  const { version, encoding, commits } = rows[0] as { version: number; encoding: string; commits: string };
  const problems = [
    ...(version < OLDEST_VERSION ? [`it is version ${version}; ${OLDEST_VERSION} or newer is needed`] : []),
    ...(encoding === 'UTF8' ? [] : [`the database is encoded in ${encoding}; create it with ENCODING 'UTF8'`]),
    ...(commits === 'off'
      ? ['synchronous_commit is off, so a crash would lose acknowledged orders; set it to on for this user and database']
      : []),
  ];
  if (problems.length > 0)
    throw new ConfigurationError(problems.map((problem) => `${engine.setting}: PostgreSQL at ${withoutSecrets(engine.url)}: ${problem}`));
};
