import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own on which a server's data lie, so that it can run full without harm to the machine. */
export interface SmallDisk extends Disposable {
  /** Leaves not one block free. */
  fill(): void;
  /** Undoes {@link fill}. */
  free(): void;
}

/** Why there can be none here; `undefined` when there can. */
export const availability = (): string | undefined =>
  process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'a small disk is mounted by root, on Linux';

const BLOCK = Buffer.alloc(1024 * 1024, 1);

/** In memory, and refuses writes with ENOSPC when it is full. */
export const mountSmallDisk = (folder: string, sizeMiB: number): SmallDisk => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'sagahub-test', folder]);
  const ballast = join(folder, 'ballast');
  const unmount = (): void => void execFileSync('umount', ['--lazy', folder]);
  process.once('exit', unmount);
  return {
    fill: () => {
      const file = openSync(ballast, 'w');
      try {
        // Less and less at a time: what is left must not be enough for a page.
        for (let bytes = BLOCK.length; bytes >= 512; bytes /= 2) writeUntilFull(file, BLOCK.subarray(0, bytes));
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]: () => {
      process.off('exit', unmount);
      unmount();
    },
  };
};

const writeUntilFull = (file: number, block: Buffer): void => {
  try {
    while (writeSync(file, block) === block.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
};
