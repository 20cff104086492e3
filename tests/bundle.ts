import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bundleOf } from '../hub/bundle/runnable.ts';

/** Hubs that tests start as processes of their own run from the bundle, as in the image, and are there in half the time. */
export const makeBundle = async (root: string): Promise<void> => {
  if (bundleOf(root) === undefined) await promisify(execFile)(process.execPath, ['hub/bundle/build.mjs'], { cwd: root });
};
