import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test, removed with everything in it on disposal. */
export const temporaryFolder = async (): Promise<AsyncDisposable & { readonly path: (file: string) => string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'sagahub-'));
  return {
    path: (file) => join(folder, file),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
};
