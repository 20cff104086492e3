import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type pg from 'pg';
import { sqlState } from './errors.ts';

export { sleep };

export interface Patience {
  /** How long a change waits for a lock: as long, and no longer, everybody who comes after it waits behind it. */
  readonly lockMs: number;
  /** How long one statement may run while its transaction holds locks. */
  readonly statementMs: number;
  /** Before the first repetition; then twice as long each time, up to {@link LONGEST_PAUSE_MS}. */
  readonly pauseMs: number;
  /** When to give up. */
  readonly tries: number;
}

/** Gives up after about a minute and a half: by then a statement of the hub has ended, or failed. */
export const PATIENT: Patience = { lockMs: 250, statementMs: 5_000, pauseMs: 500, tries: 16 };
const LONGEST_PAUSE_MS = 8_000;

const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
const DEADLOCK = '40P01';

export const inTransaction = async (client: pg.ClientBase, work: () => Promise<void>): Promise<void> => {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

/**
 * A transaction that stands in nobody's way for long: whoever asks for a lock queues behind it although it is only waiting itself, so it waits
 * a moment, leaves the queue, and comes again.
 * @throws UnavailableError it never got its locks, or took too long with them; nothing was changed, and a repetition may succeed
 */
export const inPassing = async (client: pg.ClientBase, name: string, patience: Patience, work: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await inTransaction(client, async () => {
        await client.query(`SET LOCAL lock_timeout = ${patience.lockMs}; SET LOCAL statement_timeout = ${patience.statementMs}`);
        await work();
      });
      return;
    } catch (error) {
      const state = sqlState(error);
      if (state !== LOCK_NOT_AVAILABLE && state !== DEADLOCK && state !== QUERY_CANCELED) throw error;
      if (attempt === patience.tries || state === QUERY_CANCELED) throw await inTheWay(client, name, attempt, error as Error);
      await sleep(Math.min(LONGEST_PAUSE_MS, patience.pauseMs * 2 ** (attempt - 1)));
    }
  }
};

/** Names the transactions that an operator may want to end. */
const inTheWay = async (client: pg.ClientBase, name: string, attempts: number, cause: Error): Promise<UnavailableError> => {
  const { rows } = await client.query(
    `SELECT format('process %s of %s (%s), for %s s', pid, usename, coalesce(nullif(application_name, ''), 'no name'), extract(epoch FROM now() - xact_start)::integer) AS said
     FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND datname = current_database() ORDER BY xact_start LIMIT 3`,
  );
  const running = rows.length === 0 ? '' : `; the oldest transactions now: ${rows.map(({ said }) => said as string).join(', ')}`;
  return new UnavailableError(
    'HUB_ENGINE_UNAVAILABLE',
    `the migration ${name} was given up after ${attempts} tries and changed nothing: ${cause.message}${running}`,
    { cause },
  );
};
