import { execFile } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bundleOf } from '../hub/bundle/runnable.ts';

const OF_TESTS = 'dist/tests';
/** Programs of tests that hold a hub, and are started over and over. */
const PROGRAMS = ['tests/faults/crashing-hub.ts', 'tests/faults/fleet-process.ts', 'tests/support/processes-together.ts'];

/** Hubs that tests start as processes of their own run from bundles, as in the image, and are there in half the time. */
export const makeBundle = async (root: string): Promise<void> => {
  const build = (...args: readonly string[]) => promisify(execFile)(process.execPath, ['hub/bundle/build.mjs', ...args], { cwd: root });
  if (bundleOf(root) === undefined) await build();
  if (bundleOf(root, OF_TESTS) === undefined) await build(OF_TESTS, ...PROGRAMS);
};

/** The file to run: of the bundle, where it was made of these very sources; else the source. @param source one of those that {@link makeBundle} bundles */
export const programOf = (root: string, source: string): string => {
  const folder = bundleOf(root, OF_TESTS);
  return folder === undefined ? resolve(root, source) : resolve(folder, `${basename(source, '.ts')}.js`);
};
