import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { ROOT } from '../source-files.ts';
import { PROCESSES } from './networked-hub.ts';
import pinned from '../upgrade/previous-release.json' with { type: 'json' };

/** Folder of this release's code, which tests run in. */
export const THIS_RELEASE = ROOT;

/** The code that users run before they upgrade to this one, in a folder of its own. */
export interface PreviousRelease extends Disposable {
  readonly version: string;
  /** Of the repository as it was. */
  readonly folder: string;
}

/**
 * From the repository's history, at the commit of `tests/upgrade/previous-release.json` (docs/releasing.md says when that moves on). Packages are those
 * of this release, linked, unless what runs in production is of other versions there: then `npm ci` installs them in its folder.
 * Skips where there is no history: an archive, or a shallow clone.
 */
export const previousRelease = (context: Mocha.Context): PreviousRelease => {
  const missing = historyMissing();
  if (missing !== undefined) skip(context, missing);
  const folder = mkdtempSync(join(tmpdir(), 'sagahub-previous-release-'));
  const archive = join(folder, 'release.tar');
  git('archive', '--format=tar', '--output', archive, pinned.commit);
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  rmSync(archive);
  if (otherPackages(lockfileOf(folder), lockfileOf(ROOT)).length === 0) linkPackages(folder);
  else execFileSync('npm', ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  return {
    version: pinned.version,
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/**
 * Its processes run from a bundle, as those of this release do in tests: with sources they take twice as long to start. Made by this release's
 * `npm run build`, which it has not.
 */
export const bundled = (release: PreviousRelease): PreviousRelease => {
  const { folder } = release;
  mkdirSync(join(folder, 'hub', 'bundle'), { recursive: true });
  copyFileSync(join(ROOT, 'hub', 'bundle', 'build.mjs'), join(folder, 'hub', 'bundle', 'build.mjs'));
  execFileSync(process.execPath, ['hub/bundle/build.mjs'], { cwd: folder });
  const made = JSON.parse(readFileSync(join(folder, 'dist', 'current.json'), 'utf8')) as { readonly folder: string };
  for (const name of PROCESSES)
    writeFileSync(
      join(folder, name, 'main.ts'),
      `import { runProcess } from '../dist/${made.folder}/process.js';\n\nawait runProcess('${name}');\n`,
    );
  return release;
};

const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });

const historyMissing = (): string | undefined => {
  try {
    git('cat-file', '-e', `${pinned.commit}^{commit}`);
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return `the history of the repository has no commit ${pinned.commit} (git fetch --unshallow brings it): ${stderr?.trim()}`;
  }
};

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}
interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
}
const lockfileOf = (folder: string): Lockfile => JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lockfile;

/** What production runs on there, and is of another version, or missing, here. */
export const otherPackages = (there: Lockfile, here: Lockfile): readonly string[] =>
  Object.entries(there.packages)
    .filter(([path, { dev, optional, link }]) => path.startsWith('node_modules/') && !dev && !optional && !link)
    .filter(([path, { version }]) => here.packages[path]?.version !== version)
    .map(([path, { version }]) => `${path.slice('node_modules/'.length)} ${version}`);

/** All but the workspaces, which are those of the folder. */
const linkPackages = (folder: string): void => {
  const packages = join(ROOT, 'node_modules');
  const own = join(folder, 'node_modules', '@sagahub');
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(packages))
    if (name !== '@sagahub' && name !== '.cache') symlinkSync(join(packages, name), join(folder, 'node_modules', name));
  for (const name of readdirSync(join(packages, '@sagahub'))) {
    const target = readlinkSync(join(packages, '@sagahub', name));
    if (existsSync(join(own, target))) symlinkSync(target, join(own, name));
  }
};
