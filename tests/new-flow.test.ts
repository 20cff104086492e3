import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './source-files.ts';

const run = promisify(execFile);
const LEFT_OUT = new Set(['node_modules', 'coverage', 'data', '.git', '.cache']);

/** The repository in a folder of its own, with the packages of this one. */
const copyOfRepository = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sagahub-new-flow-'));
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  const packages = join(ROOT, 'node_modules');
  mkdirSync(join(folder, 'node_modules', '@sagahub'), { recursive: true });
  for (const name of readdirSync(packages)) if (name !== '@sagahub') symlinkSync(join(packages, name), join(folder, 'node_modules', name));
  // Its own workspaces, not those of this repository.
  for (const name of readdirSync(join(packages, '@sagahub')))
    symlinkSync(readlinkSync(join(packages, '@sagahub', name)), join(folder, 'node_modules', '@sagahub', name));
  return folder;
};

describe('npm run new-flow', function () {
  this.timeout(300_000);
  let folder: string;
  let output: string;
  before(async () => {
    folder = copyOfRepository();
    ({ stdout: output } = await run('npm', ['run', '-s', 'new-flow', '--', 'claim'], { cwd: folder }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the files that docs/flows.md lists, and no others', () => {
    const made = output.split('\n\n')[0]!.split('\n');
    const page = readFileSync(join(ROOT, 'docs/flows.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `([\w/.<>-]+\.(?:ts|md))` \|/gm)].map(([, path = '']) =>
      path.replaceAll('<flow>', 'claim').replaceAll('<flows>', 'claims'),
    );
    assert.deepEqual(made, listed.toSorted());
  });

  it('makes code that compiles and is formatted', async () => {
    await run(join(folder, 'node_modules/.bin/tsc'), ['--noEmit'], { cwd: folder });
    await run(join(folder, 'node_modules/.bin/biome'), ['format'], { cwd: folder });
  });

  it('makes a flow that works: its tests and its journey pass, and the tests that look at all flows', async () => {
    const files = [
      'orchestration-service/flows/claim/flow.test.ts',
      'outbound-service/webhooks/flows/claim.test.ts',
      'read-model/projections/claim.test.ts',
      'tests/journeys/claims.test.ts',
      'tests/architecture.test.ts',
      'gateway/docs/openapi.test.ts',
    ];
    // Without what this process was told by its own runner.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_V8_COVERAGE|HUB_TEST_|MOCHA_)/.test(name)));
    const { stdout } = await run('npx', ['mocha', ...files], { cwd: folder, env });
    assert.match(stdout, /journey: claims/);
    assert.match(stdout, /\b0 failed/);
  });

  it('refuses a name that is taken or no word, and touches nothing when a file is in the way', async () => {
    const registered = () => readFileSync(join(folder, 'hub/flows.ts'), 'utf8');
    const before = registered();
    for (const name of ['claim', 'order', 'Not-a-word'])
      await assert.rejects(run('npm', ['run', '-s', 'new-flow', '--', name], { cwd: folder }), /is there already|is taken|is no name/);
    assert.equal(registered(), before);
  });
});
