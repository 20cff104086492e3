import { HubError } from '@sagahub/contracts/errors.ts';
import { MongoError, MongoNetworkError, MongoOperationTimeoutError, MongoServerSelectionError } from 'mongodb';
import { type Engine, unavailable } from '../engine/engine.ts';
import { NothingThereError } from './generations.ts';

/** Codes by which a server says that it cannot at the moment, or not for this user, or that what it was about was removed under it. */
const UNABLE = new Set<unknown>([
  1, // failed inside
  6, // host unreachable
  7, // host not found
  13, // unauthorized
  18, // authentication failed
  26, // no such collection, any more
  43, // no such cursor, any more
  50, // took too long
  64, // written, but not yet on a majority
  89, // network timeout
  91, // shutting down
  175, // the plan of a query was killed, as its collection was dropped
  189, // primary stepped down
  215, // the database is being dropped
  237, // the cursor was killed
  276, // the making of an index was broken off
  9001, // socket
  10_107, // not the primary
  11_600, // interrupted at shutdown
  11_602, // interrupted by a change of state
  13_435, // not the primary, and secondaries are not asked
  13_436, // not the primary, or recovering
  14_031, // out of disk space
  // The system's own, which the driver hands on as they are when a connection breaks under a write.
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The hub's own errors and faults of the call stay as they are. */
export const translated = (engine: Engine, error: unknown): unknown => {
  if (error instanceof HubError) return error;
  if (error instanceof NothingThereError) return unavailable(engine, error);
  const away =
    error instanceof MongoNetworkError || error instanceof MongoServerSelectionError || error instanceof MongoOperationTimeoutError;
  const code = (error as { code?: unknown }).code;
  // Closed pools and the like: the driver's own errors have no code of the server.
  const driver =
    error instanceof MongoError &&
    code === undefined &&
    /^MongoPool|^MongoTopology|^MongoClientClosed|^MongoNotConnected|^MongoWaitQueueTimeout/.test(error.name);
  return away || driver || UNABLE.has(code) ? unavailable(engine, error) : error;
};
