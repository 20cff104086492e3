/**
 * `npm run build`: what runs, with everything it imports, in a few files under `dist/` instead of 1,700. Nothing needs it: without it, or once a
 * source is newer, the sources run as they are. What it saves is most of the time of a start.
 *
 *   node hub/bundle/build.mjs                            what users run, into dist/
 *   node hub/bundle/build.mjs FOLDER SOURCE [SOURCE ...] these programs, into that folder, for tests that start them over and over
 *
 * Plain JavaScript, so that it runs on whatever Node the machine has.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** What may be run, by name: `runnable.ts` loads it. */
const ENTRIES = { cli: 'hub/cli/main.ts', process: 'hub/networked/process.ts' };
const [folder = 'dist', ...programs] = process.argv.slice(2);
const dist = resolve(root, folder);
const name = `${Date.now()}`;
const outdir = join(dist, name);

/** Libraries in CommonJS find what they need by these. No other name is used here: a library may have its own under it, say `URL`. */
const COMMON_JS = `import { createRequire as createRequireHere } from 'node:module';
import { fileURLToPath as pathHere } from 'node:url';
const require = createRequireHere(import.meta.url);
const { filename: __filename, dirname: __dirname } = import.meta;`;

/** Files that lie beside a source (definitions, threads, assets) are still found beside it, and not beside the bundle. */
const besideTheirSource = {
  name: 'beside their source',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = JSON.stringify(relative(outdir, path).replaceAll('\\', '/'));
      const here = {
        url: `new URL(${source}, import.meta.url).href`,
        dirname: `pathHere(new URL('.', new URL(${source}, import.meta.url)))`,
      };
      const contents = (await readFile(path, 'utf8')).replaceAll(/import\.meta\.(url|dirname)\b/g, (_, what) => here[what]);
      return { loader: 'ts', contents };
    });
  },
};

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: programs.length === 0 ? ENTRIES : Object.fromEntries(programs.map((path) => [basename(path, '.ts'), path])),
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: ['pg-native'],
  keepNames: true, // logs name classes of errors
  banner: { js: COMMON_JS },
  plugins: [besideTheirSource],
  metafile: true,
  logLevel: 'warning',
});
const sources = Object.keys(metafile.inputs).filter((path) => !path.includes('node_modules/'));
await mkdir(dist, { recursive: true });
await writeFile(join(dist, `${name}.json`), JSON.stringify({ folder: name, sources: ['package-lock.json', ...sources] }));
await rename(join(dist, `${name}.json`), join(dist, 'current.json')); // last: whoever starts meanwhile has the one before
// The one before may still be running, and load a part of itself only when it needs it.
const folders = (await readdir(dist)).filter((entry) => /^\d+$/.test(entry)).sort((a, b) => Number(b) - Number(a));
for (const older of folders.slice(2)) await rm(join(dist, older), { recursive: true });
