import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { read, ROOT } from './source-files.ts';

/** What may be shipped: nothing that asks more of who passes it on than to keep its notices. */
const SHIPPED: Readonly<Record<string, string>> = {
  MIT: 'permissive',
  ISC: 'permissive, the same in fewer words',
  'BSD-2-Clause': 'permissive',
  'BSD-3-Clause': 'permissive, names of authors not for advertising',
  'Apache-2.0': 'permissive, with a grant of patents; our own',
  '(BSD-3-Clause AND Apache-2.0)': 'both of them at once: google-protobuf',
  Unlicense: 'public domain: fast-sha256',
};
/** What may be used to build and test, and is not shipped. */
const DEVELOPED_WITH: Readonly<Record<string, string>> = {
  'MIT OR Apache-2.0': 'either of them: Biome',
  'BlueOak-1.0.0': 'permissive: what mocha and c8 find files with',
  'CC0-1.0': 'public domain: railroad-diagrams',
  'PSF-2.0': "permissive, Python's: argparse",
};
/** None of these scripts is run: not by npm that knows `allowScripts`, nor by one that does not (`.npmrc`), nor for the image. */
const WITH_INSTALL_SCRIPT: Readonly<Record<string, string>> = {
  protobufjs: 'warns of old versions',
  esbuild: 'sees to its program for this platform, which comes as a package of its own',
  '@scarf/scarf': 'tells its makers of the installation; comes with swagger-ui-dist, which works without',
};

interface Locked {
  readonly name: string;
  readonly path: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}
const lockfile = JSON.parse(read('package-lock.json')) as { packages: Record<string, Omit<Locked, 'name' | 'path'>> };
const packages: readonly Locked[] = Object.entries(lockfile.packages)
  .filter(([path, { link }]) => path.includes('node_modules/') && !link)
  .map(([path, locked]) => ({ ...locked, path, name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length) }));
const shipped = packages.filter(({ dev }) => !dev);

/** As the package that is installed says, which need not be what the registry said when it was locked. */
const installedLicense = ({ path }: Locked): string | undefined => {
  const manifest = join(path, 'package.json');
  return existsSync(join(ROOT, manifest)) ? JSON.stringify(JSON.parse(read(manifest)).license)?.replaceAll('"', '') : undefined;
};

describe('dependencies, down to the last', () => {
  it('have a licence that allows what is done with them, in the lockfile and in the package itself', () => {
    assert.ok(shipped.length > 100 && packages.length > shipped.length, `${shipped.length} of ${packages.length}`);
    const faults = packages.flatMap((locked) => {
      const allowed = locked.dev ? { ...SHIPPED, ...DEVELOPED_WITH } : SHIPPED;
      const said = [locked.license, installedLicense(locked) ?? locked.license];
      return said.filter((license = 'none') => !Object.hasOwn(allowed, license)).map((license) => `${locked.path}: ${license}`);
    });
    assert.deepEqual(faults, []);
  });

  it('are allowed no licence that none of them has', () => {
    const used = (among: readonly Locked[]) => new Set(among.map(({ license }) => license));
    assert.deepEqual(
      Object.keys(SHIPPED).filter((license) => !used(shipped).has(license)),
      [],
    );
    assert.deepEqual(
      Object.keys(DEVELOPED_WITH).filter((license) => !used(packages).has(license)),
      [],
    );
  });

  it('are held to a hash, and to no address but a registry over https', () => {
    const unhashed = packages.filter(({ integrity, dev, optional }) => !integrity?.startsWith('sha512-') && !(dev && optional));
    assert.deepEqual(
      unhashed.map(({ path }) => path),
      [],
    );
    assert.deepEqual(
      packages.filter(({ resolved }) => resolved !== undefined && !resolved.startsWith('https://')).map(({ path }) => path),
      [],
    );
  });

  it('run nothing when they are installed, and are known if they would', () => {
    const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    assert.deepEqual(new Set(scripts), new Set(Object.keys(WITH_INSTALL_SCRIPT)));
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> };
    assert.deepEqual(allowScripts, Object.fromEntries(Object.keys(WITH_INSTALL_SCRIPT).map((name) => [name, false])));
    assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
    assert.match(read('Dockerfile'), /npm ci [^\n]*--ignore-scripts/);
  });
});
