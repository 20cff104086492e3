import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What may be run, by name. */
interface Runnables {
  readonly cli: typeof import('../cli/main.ts');
  readonly process: typeof import('../networked/process.ts');
}

const SOURCES: Readonly<Record<keyof Runnables, string>> = { cli: '../cli/main.ts', process: '../networked/process.ts' };
const ROOT = resolve(dirname(import.meta.dirname), '..');

/** From the bundle that `npm run build` made, where there is one of these very sources; else from the sources. */
export const runnable = async <Name extends keyof Runnables>(name: Name): Promise<Runnables[Name]> => {
  const folder = bundleOf(ROOT);
  const found: unknown = await import(folder === undefined ? SOURCES[name] : pathToFileURL(resolve(folder, `${name}.js`)).href);
  return found as Runnables[Name];
};

/**
 * The folder of a bundle that is no older than any source it was made of.
 * @param among where bundles were put, within `root`
 * @returns undefined when there is none, and while coverage is taken, which is of the sources
 */
export const bundleOf = (root: string, among = 'dist'): string | undefined => {
  if (process.env['NODE_V8_COVERAGE']) return undefined;
  const dist = resolve(root, among);
  try {
    const { folder, sources } = JSON.parse(readFileSync(resolve(dist, 'current.json'), 'utf8')) as { folder: string; sources: string[] };
    const madeAtMs = Number(folder);
    return sources.every((source) => statSync(resolve(root, source)).mtimeMs <= madeAtMs) ? resolve(dist, folder) : undefined;
  } catch {
    return undefined; // none, or a source is gone
  }
};
