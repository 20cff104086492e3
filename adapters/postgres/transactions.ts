import { isTransient } from './errors.ts';

const TRIES = 5;

/** Repeats a transaction that the server undid because of another one (a deadlock). To be used where repeating is safe anyway. */
export const repeated = async <Result>(transaction: () => Promise<Result>): Promise<Result> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt === TRIES || !isTransient((error as Error).cause)) throw error;
    }
  }
};
