import { ConfigurationError, HubError, StorageFullError, UnavailableError } from '@sagahub/contracts/errors.ts';
import pg from 'pg';
import { type Engine, unavailable, withoutSecrets } from '../engine/engine.ts';

/** SQLSTATE codes that something here depends on; https://www.postgresql.org/docs/15/errcodes-appendix.html */
export const SQLSTATE = {
  diskFull: '53100',
  ioError: '58030',
  deadlock: '40P01',
  serializationFailure: '40001',
  readOnly: '25006',
  /** The server has ended a session that was silent amid a transaction. */
  silentInTransaction: '25P03',
  /** Ours, raised by functions of the schema: the term of the caller is over. */
  superseded: 'HUB01',
  /** Ours: what a fast path took for granted does not hold; nothing was done. */
  notAsAssumed: 'HUB02',
} as const;

/** Refusals that no repetition changes: somebody must correct the URL or the rights. */
const MISCONFIGURED: Readonly<Record<string, string>> = {
  '28000': 'the server refuses this user: check user name and pg_hba.conf',
  '28P01': 'the password is wrong: correct it in the URL',
  '3D000': 'the database does not exist: create it, or correct the URL',
  '42501': 'the user lacks a right: run `sagahub migrate` as the owner of the schemas (docs/deployment.md), or grant the right',
};
const CONNECTION_EXCEPTIONS = '08';
const INSUFFICIENT_RESOURCES = '53';
/** Of the server itself: a full disk as a session begins, a broken file. Its log says more. */
const INTERNAL_ERROR = 'XX';
const OPERATOR_INTERVENTION = '57P';

export const sqlState = (error: unknown): string | undefined => (error instanceof pg.DatabaseError ? error.code : undefined);

/** Did the connection fail, so that nobody knows whether the server did what it was asked? */
export const isConnectionFailure = (error: unknown): boolean => {
  if (error instanceof HubError || error instanceof TypeError || error instanceof RangeError) return false;
  const state = sqlState(error);
  if (state === undefined) return !(error instanceof pg.DatabaseError); // of the socket, or of the driver about it
  const ended: readonly string[] = [SQLSTATE.readOnly, SQLSTATE.silentInTransaction];
  return state.startsWith(CONNECTION_EXCEPTIONS) || state.startsWith(OPERATOR_INTERVENTION) || ended.includes(state);
};

/** Did the server undo it for a reason that does not lie in the call? */
export const isTransient = (error: unknown): boolean => {
  const state = sqlState(error);
  return state === SQLSTATE.deadlock || state === SQLSTATE.serializationFailure;
};

/** An error of the driver in the hub's terms, by its code. What no code foresees is a bug and stays as it is. */
export const translated = (error: unknown, engine: Engine): unknown => {
  const state = sqlState(error);
  if (state === SQLSTATE.diskFull) return new StorageFullError(error);
  if (state === SQLSTATE.ioError)
    return new UnavailableError('HUB_STORAGE_FAILED', `the disk of PostgreSQL at ${withoutSecrets(engine.url)} failed`, { cause: error });
  const advice = state === undefined ? undefined : MISCONFIGURED[state];
  if (advice)
    return new ConfigurationError([
      `${engine.setting}: PostgreSQL at ${withoutSecrets(engine.url)} says "${(error as Error).message}": ${advice}`,
    ]);
  const isOfServer = state?.startsWith(INSUFFICIENT_RESOURCES) || state?.startsWith(INTERNAL_ERROR);
  if (isConnectionFailure(error) || isTransient(error) || isOfServer) return unavailable(engine, error);
  return error;
};
