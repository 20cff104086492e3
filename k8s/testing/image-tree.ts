import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, matchesGlob, relative } from 'node:path';
import { ROOT } from './manifests.ts';

/** What may be copied into the image: `.dockerignore` read the way Docker does, the last line that matches decides. */
export const inBuildContext = (path: string): boolean => {
  let included = true;
  for (const line of readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((text) => text && !text.startsWith('#'))) {
    const pattern = line.replace(/^!/, '');
    // Docker's `*` takes names that begin with a dot, Node's does not.
    if (pattern === '*' || matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`)) included = line.startsWith('!');
  }
  return included;
};

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean; readonly link?: boolean }>
  >;
}

/**
 * Lays out what the Dockerfile puts into the image, without building one: the build context's files, and the packages that
 * `npm ci --omit=dev --omit=optional` installs, as links to those installed here.
 */
export const layOutImage = (target: string): void => {
  for (const entry of readdirSync(ROOT, { withFileTypes: true })) {
    if (['node_modules', '.git', 'coverage', 'data', 'dist'].includes(entry.name)) continue;
    cpSync(join(ROOT, entry.name), join(target, entry.name), {
      recursive: true,
      filter: (source) => {
        const path = relative(ROOT, source).replaceAll('\\', '/');
        return basename(path) !== 'node_modules' && (inBuildContext(path) || !path.includes('/'));
      },
    });
  }
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  for (const [path, { dev, optional, devOptional, link }] of Object.entries(packages)) {
    // A package within another comes with it.
    if (!path.startsWith('node_modules/') || path.lastIndexOf('node_modules/') > 0 || dev || optional || devOptional) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    symlinkSync(link ? join(target, basename(path)) : join(ROOT, path), join(target, path), 'junction');
  }
};
