import { ClosedError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Candidacy, Leadership, Term } from '@sagahub/contracts/ports/leadership.ts';
import type pg from 'pg';
import type { Database } from './database.ts';

export interface PostgresLeadershipOptions {
  readonly clock: Clock;
  /**
   * How long a leader may say nothing before the server ends its session, and with it its locks. Also how long a takeover
   * takes at most, plus a fifth. Default 5,000.
   */
  readonly leaseMs?: number;
}

/**
 * A higher epoch than any before, whoever led: the time in milliseconds, as a database that was restored to an earlier moment, or is new beside a
 * log that is not, has forgotten the terms that others remember.
 */
const NEW_TERM = `
  INSERT INTO leaders AS l (name, epoch) VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
  ON CONFLICT (name) DO UPDATE SET epoch = greatest(l.epoch + 1, excluded.epoch) RETURNING epoch`;
const lockOf = `hashtextextended('sagahub leader of ' || current_schema() || '.' || $1::text, 0)`;

/**
 * Elections by advisory locks, which live as long as the session that took them: they are free as soon as a leader's process ends. One that hangs
 * or is cut off keeps its session open, but sends nothing; the server ends an idle session after the lease
 * (`idle_session_timeout`, PostgreSQL 14 and later). Each term has an epoch in the table `leaders`, which fences what a
 * superseded leader writes when it wakes up.
 *
 * | the session is | each fifth of the lease | when it breaks or does not answer in time |
 * |---|---|---|
 * | away | connects | - |
 * | there | tries for every name that a candidate waits for; that it asks keeps the session alive | all terms are aborted |
 */
export const openPostgresLeadership = (database: Database, { clock, leaseMs = 5_000 }: PostgresLeadershipOptions): Leadership =>
  new PostgresLeadership(database, clock, leaseMs);

interface Candidate {
  readonly name: string;
  readonly onLeading: (term: Term) => Promise<void>;
  readonly leaving: AbortController;
  term: Term | undefined;
  /** Ends the term. */
  end: AbortController | undefined;
  serving: Promise<void> | undefined;
  /** Not before; after work that ended early. */
  restingUntilMs: number;
}

const REST_MS = 1_000;

class PostgresLeadership implements Leadership {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #candidates = new Set<Candidate>();
  readonly #closing = new AbortController();
  #session: pg.Client | undefined;
  /** Settles when the session is free for the next question. */
  #asked: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();
  readonly #running: Promise<void>;

  constructor(database: Database, clock: Clock, leaseMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#running = this.#run();
  }

  lead(name: string, onLeading: (term: Term) => Promise<void>): Candidacy {
    if (this.#closing.signal.aborted) throw new ClosedError('the elections');
    const candidate: Candidate = {
      name,
      onLeading,
      leaving: new AbortController(),
      term: undefined,
      end: undefined,
      serving: undefined,
      restingUntilMs: 0,
    };
    this.#candidates.add(candidate);
    this.#wake.abort();
    return {
      get term() {
        return candidate.term;
      },
      [Symbol.asyncDispose]: () => this.#leave(candidate),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return this.#running;
    this.#closing.abort();
    await Promise.all([...this.#candidates].map((candidate) => this.#leave(candidate)));
    await this.#running;
  }

  async #leave(candidate: Candidate): Promise<void> {
    candidate.leaving.abort();
    this.#candidates.delete(candidate);
    candidate.end?.abort();
    await candidate.serving;
  }

  async #run(): Promise<void> {
    const tickMs = this.#leaseMs / 5;
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      try {
        this.#session ??= await this.#connect();
        await this.#tryAll(this.#session);
      } catch {
        this.#lose(); // whatever it was: without a working session nobody here leads
      }
      await this.#clock.sleep(tickMs, AbortSignal.any([this.#wake.signal, this.#closing.signal]));
    }
    const session = this.#session;
    this.#session = undefined;
    await session?.end().catch(() => undefined);
  }

  async #connect(): Promise<pg.Client> {
    const session = this.#database.dedicated([`idle_session_timeout=${this.#leaseMs}`, 'statement_timeout=0']);
    session.on('error', () => this.#lose(session));
    session.on('end', () => this.#lose(session));
    await session.connect();
    this.#asked = Promise.resolve();
    return session;
  }

  /** Aborts every term, and lets go of the session. */
  #lose(lost = this.#session): void {
    if (lost !== this.#session) return;
    this.#session = undefined;
    for (const { end } of this.#candidates) end?.abort();
    if (!lost) return;
    // Without waiting for the server's goodbye, which may never come.
    (lost as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream?.destroy();
  }

  async #tryAll(session: pg.Client): Promise<void> {
    const led = new Set([...this.#candidates].filter(({ serving }) => serving !== undefined).map(({ name }) => name));
    let asked = false;
    for (const candidate of this.#candidates) {
      if (led.has(candidate.name) || candidate.restingUntilMs > this.#clock.now()) continue;
      asked = true;
      const [lock] = await this.#ask(session, `SELECT pg_try_advisory_lock(${lockOf}) AS won`, [candidate.name]);
      if (!lock.won) continue;
      const [term] = await this.#ask(session, NEW_TERM, [candidate.name]);
      led.add(candidate.name);
      this.#serve(session, candidate, BigInt(term.epoch));
    }
    if (!asked) await this.#ask(session, 'SELECT');
  }

  #serve(session: pg.Client, candidate: Candidate, epoch: bigint): void {
    const end = new AbortController();
    const term: Term = { name: candidate.name, epoch, signal: end.signal };
    candidate.term = term;
    candidate.end = end;
    if (candidate.leaving.signal.aborted || this.#session !== session) end.abort();
    candidate.serving = (async () => {
      try {
        if (!end.signal.aborted) await candidate.onLeading(term);
      } catch {
        // The caller's to tell of; here it only ends the term.
      }
      end.abort();
      candidate.term = undefined;
      candidate.serving = undefined;
      candidate.restingUntilMs = this.#clock.now() + REST_MS;
      if (this.#session === session)
        await this.#ask(session, `SELECT pg_advisory_unlock(${lockOf})`, [candidate.name]).catch(() => this.#lose(session));
      this.#wake.abort();
    })();
  }

  /** One question at a time. An answer that does not come within most of the lease means that the session is as good as gone. */
  async #ask(session: pg.Client, sql: string, values: readonly unknown[] = []): Promise<any[]> {
    const answer = this.#asked.then(async () => (await session.query(sql, values as unknown[])).rows);
    this.#asked = answer.catch(() => undefined);
    const done = new AbortController();
    try {
      return await Promise.race([
        answer,
        this.#clock.sleep(this.#leaseMs * 0.8, done.signal).then(() => {
          if (done.signal.aborted) return answer;
          throw new Error('no answer within the lease');
        }),
      ]);
    } finally {
      done.abort();
    }
  }
}
