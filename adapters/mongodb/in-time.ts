import { MongoOperationTimeoutError } from 'mongodb';

/**
 * Gives up waiting for what does not answer in time. The driver's own limits do not suffice: a command that waits for a socket to drain, which is closed
 * meanwhile, waits for ever (7.9, `Connection.writeCommand`), and its `timeoutMS` has no effect. What was given up may still happen.
 * @throws MongoOperationTimeoutError no answer in time
 */
export const inTime = async <T>(limitMs: number, act: () => Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new MongoOperationTimeoutError(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([act(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
