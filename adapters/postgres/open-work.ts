import { SupersededError } from '@sagahub/contracts/errors.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { ClaimedItem, OpenWork, QueueStats, WorkFilter, WorkItem } from '@sagahub/contracts/ports/open-work.ts';
import type { Database, Statement } from './database.ts';
import { SQLSTATE, sqlState } from './errors.ts';

const COLUMNS = 'w.stream, w.step, w.queue, w.partner_id, w.attempt, w.due_ms, w.since_ms, w.revision, w.saga_version';
type Row = readonly [
  stream: string,
  step: string,
  queue: string,
  partnerId: string,
  attempt: number,
  dueAtMs: string,
  sinceMs: string,
  revision: number,
  sagaVersion: number,
];
type ClaimedRow = readonly [...Row, wasLeased: boolean];
const WAS_LEASED = 9;

const APPLY: Statement = {
  name: 'open-work-apply',
  text: 'SELECT apply_open_work($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)',
};
const CHECKPOINT: Statement = {
  name: 'open-work-checkpoint',
  text: 'SELECT position FROM open_work_checkpoint ORDER BY position DESC LIMIT 1',
};
/** Rows that another caller is claiming are passed over. */
const CLAIM: Statement = {
  name: 'open-work-claim',
  text: `WITH due AS MATERIALIZED (
      SELECT stream, step, due_ms, leased_until_ms IS NOT NULL AS was_leased
      FROM open_work WHERE due_ms <= $1 ORDER BY due_ms, stream, step LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE open_work w SET leased_until_ms = $3, due_ms = $3 FROM due d WHERE w.stream = d.stream AND w.step = d.step
    RETURNING ${COLUMNS.replace('w.due_ms', 'd.due_ms')}, d.was_leased`,
};
/** In the order in which everybody locks rows; those that somebody else has in hand are moved on by them. */
const RENEW: Statement = {
  name: 'open-work-renew',
  text: `WITH held AS MATERIALIZED (
      SELECT w.stream, w.step FROM unnest($1::text[], $2::text[], $3::integer[]) AS h (stream, step, attempt)
      JOIN open_work w ON w.stream = h.stream AND w.step = h.step AND w.attempt = h.attempt
      WHERE w.leased_until_ms < $4 ORDER BY w.stream, w.step FOR UPDATE OF w SKIP LOCKED
    )
    UPDATE open_work w SET leased_until_ms = $4, due_ms = $4 FROM held h WHERE w.stream = h.stream AND w.step = h.step`,
};
/** As {@link RENEW}. */
const RELEASE: Statement = {
  name: 'open-work-release',
  text: `WITH held AS MATERIALIZED (
      SELECT w.stream, w.step FROM unnest($1::text[], $2::text[], $3::integer[]) AS h (stream, step, attempt)
      JOIN open_work w ON w.stream = h.stream AND w.step = h.step AND w.attempt = h.attempt
      WHERE w.leased_until_ms IS NOT NULL ORDER BY w.stream, w.step FOR UPDATE OF w SKIP LOCKED
    )
    UPDATE open_work w SET leased_until_ms = NULL, due_ms = coalesce(w.deferred_to_ms, w.logged_due_ms)
    FROM held h WHERE w.stream = h.stream AND w.step = h.step`,
};
const DEFER: Statement = {
  name: 'open-work-defer',
  text: 'UPDATE open_work SET deferred_to_ms = $4, leased_until_ms = NULL, due_ms = $4 WHERE stream = $1 AND step = $2 AND attempt = $3',
};
const WAKE: Statement = {
  name: 'open-work-wake',
  text: `WITH waiting AS MATERIALIZED (
      SELECT stream, step, row_number() OVER (ORDER BY since_ms, stream, step) - 1 AS place, count(*) OVER () AS rows
      FROM open_work WHERE queue = $1 AND (leased_until_ms IS NULL OR leased_until_ms <= $2)
    ), woken AS (
      UPDATE open_work w SET due_ms = $2 + n.place * $3 / n.rows, deferred_to_ms = $2 + n.place * $3 / n.rows, leased_until_ms = NULL
      FROM waiting n WHERE w.stream = n.stream AND w.step = n.step RETURNING 1
    ) SELECT count(*) FROM woken`,
};
const OF_STREAM: Statement = { name: 'open-work-of-stream', text: `SELECT ${COLUMNS} FROM open_work w WHERE stream = $1 ORDER BY step` };
const LIST: Statement = {
  name: 'open-work-list',
  text: `SELECT ${COLUMNS} FROM open_work w
    WHERE ($1::text IS NULL OR queue = $1) AND ($2::text IS NULL OR partner_id = $2) ORDER BY since_ms, stream, step LIMIT $3`,
};
const STATS: Statement = {
  name: 'open-work-stats',
  text: `SELECT queue, count(*), count(*) FILTER (WHERE due_ms <= $1), min(since_ms), min(due_ms) FROM open_work GROUP BY queue`,
};
const CLEAR: Statement = {
  name: 'open-work-clear',
  text: `WITH emptied AS (DELETE FROM open_work), begun AS (INSERT INTO open_work_checkpoint VALUES (0) ON CONFLICT DO NOTHING)
    DELETE FROM open_work_checkpoint WHERE position <> 0`,
};

/** Open work in PostgreSQL, for any number of processes: claims pass over each other's rows, and a relay's term fences what it applies. */
export const openPostgresOpenWork = (database: Database): OpenWork => ({
  async checkpoint(): Promise<bigint> {
    return BigInt((await database.rows<[string]>(CHECKPOINT))[0]?.[0] ?? LOG_START);
  },

  async apply(changes: Changes, checkpoint: bigint, term?: Term): Promise<void> {
    const latest = latestByStream(changes);
    const items = latest.flatMap((change) => change.items);
    const values = [
      term?.name ?? null,
      term?.epoch ?? null,
      checkpoint,
      latest.map(({ stream }) => stream),
      latest.map(({ revision }) => revision),
      items.map(({ stream }) => stream),
      items.map(({ step }) => step),
      items.map(({ queue }) => queue),
      items.map(({ partnerId }) => partnerId),
      items.map(({ attempt }) => attempt),
      items.map(({ dueAtMs }) => dueAtMs),
      items.map(({ sinceMs }) => sinceMs),
      items.map(({ revision }) => revision),
      items.map(({ sagaVersion }) => sagaVersion),
      items.map(({ leasedUntilMs }) => leasedUntilMs ?? null),
    ];
    try {
      await database.rows(APPLY, values);
    } catch (error) {
      throw term && sqlState(error) === SQLSTATE.superseded ? new SupersededError(term.name, term.epoch) : error;
    }
  },

  async claimDue(nowMs: number, limit: number, leaseMs: number): Promise<ClaimedItem[]> {
    const rows = await database.rows<ClaimedRow>(CLAIM, [nowMs, limit, nowMs + leaseMs]);
    const claimed = rows.map((row) => ({ ...workItem(row), wasLeased: row[WAS_LEASED] }));
    return claimed.sort((a, b) => a.dueAtMs - b.dueAtMs);
  },

  async renew(items: Named, untilMs: number): Promise<void> {
    await database.rows(RENEW, [...namesOf(items), untilMs]);
  },

  async release(items: Named): Promise<void> {
    await database.rows(RELEASE, namesOf(items));
  },

  async defer({ stream, step, attempt }: Pick<WorkItem, 'stream' | 'step' | 'attempt'>, dueAtMs: number): Promise<void> {
    await database.rows(DEFER, [stream, step, attempt, dueAtMs]);
  },

  async wake(queue: string, fromMs: number, spreadMs: number): Promise<number> {
    return Number((await database.rows<[string]>(WAKE, [queue, fromMs, spreadMs]))[0]?.[0] ?? 0);
  },

  async ofStream(stream: string): Promise<WorkItem[]> {
    return (await database.rows<Row>(OF_STREAM, [stream])).map(workItem);
  },

  async list({ queue, partnerId }: WorkFilter, limit: number): Promise<WorkItem[]> {
    return (await database.rows<Row>(LIST, [queue ?? null, partnerId ?? null, limit])).map(workItem);
  },

  async stats(nowMs: number): Promise<readonly QueueStats[]> {
    const rows = await database.rows<[string, string, string, string, string]>(STATS, [nowMs]);
    return rows.map(([queue, open, due, oldestSinceMs, oldestDueAtMs]) => ({
      queue,
      open: Number(open),
      due: Number(due),
      oldestSinceMs: Number(oldestSinceMs),
      oldestDueAtMs: Number(oldestDueAtMs),
    }));
  },

  async clear(): Promise<void> {
    await database.rows(CLEAR);
  },

  /** The database is its owner's. */
  async [Symbol.asyncDispose](): Promise<void> {},
});

type Named = Parameters<OpenWork['release']>[0];
const namesOf = (items: Named) => [items.map(({ stream }) => stream), items.map(({ step }) => step), items.map(({ attempt }) => attempt)];

type Changes = Parameters<OpenWork['apply']>[0];

/** One change per stream: of several, the last of the highest revision. By name, the order in which everybody locks rows. */
const latestByStream = (changes: Changes): Changes[number][] => {
  const latest = new Map<string, Changes[number]>();
  for (const change of changes) if ((latest.get(change.stream)?.revision ?? -1) <= change.revision) latest.set(change.stream, change);
  return [...latest.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
};

const workItem = ([stream, step, queue, partnerId, attempt, dueAtMs, sinceMs, revision, sagaVersion]: Row | ClaimedRow): WorkItem => ({
  stream,
  step,
  queue,
  partnerId,
  attempt,
  dueAtMs: Number(dueAtMs),
  sinceMs: Number(sinceMs),
  revision,
  sagaVersion,
});
