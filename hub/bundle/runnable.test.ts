import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { VERSION } from '../version.ts';
import { bundleOf } from './runnable.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const run = (...args: readonly string[]) => {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  return promisify(execFile)(process.execPath, [...args], { cwd: ROOT, env });
};

describe('the bundle', () => {
  let root: string;
  let coverage: string | undefined;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sagahub-bundle-'));
    coverage = process.env['NODE_V8_COVERAGE'];
    delete process.env['NODE_V8_COVERAGE'];
    for (const source of ['a.ts', 'b.ts']) writeFileSync(join(root, source), '');
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, 'dist', 'current.json'), JSON.stringify({ folder: '1000000', sources: ['a.ts', 'b.ts'] }));
    touch('a.ts', 999_000);
    touch('b.ts', 1_000_000);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
    if (coverage !== undefined) process.env['NODE_V8_COVERAGE'] = coverage;
  });
  const touch = (source: string, atMs: number): void => utimesSync(join(root, source), atMs / 1_000, atMs / 1_000);

  it('runs while no source is newer', () => {
    assert.equal(bundleOf(root), join(root, 'dist', '1000000'));
    touch('b.ts', 1_001_000);
    assert.equal(bundleOf(root), undefined);
  });

  it('does not run when a source of it is gone, when there is none, and while coverage is taken', () => {
    process.env['NODE_V8_COVERAGE'] = 'somewhere';
    assert.equal(bundleOf(root), undefined);
    delete process.env['NODE_V8_COVERAGE'];
    rmSync(join(root, 'a.ts'));
    assert.equal(bundleOf(root), undefined);
    rmSync(join(root, 'dist'), { recursive: true });
    assert.equal(bundleOf(root), undefined);
  });

  it('is made of these sources, and is what the command line runs then', async () => {
    if (bundleOf(ROOT) === undefined) await run('hub/bundle/build.mjs');
    const folder = bundleOf(ROOT);
    assert.ok(folder);
    const { stdout } = await run('hub/bin/sagahub.mjs', '--version');
    assert.equal(stdout.trim(), VERSION);
    const loaded = await run('--input-type=module', '-e', LISTS_MODULES);
    assert.match(loaded.stdout, new RegExp(`${folder}/process.js`.replaceAll('.', '\\.')));
    assert.doesNotMatch(loaded.stdout, /networked\/process\.ts/);
  });
});

/** Prints the address of every module that comes with a process of the networked profile. */
const LISTS_MODULES = `
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });
  const { runnable } = await import('./hub/bundle/runnable.ts');
  const { runProcess } = await runnable('process');
  if (typeof runProcess !== 'function') throw new Error('nothing to run');`;
