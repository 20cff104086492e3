import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runGroup } from './mocha-process.ts';

const ROOT = resolve(import.meta.dirname, '..');

describe('a group of tests', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sagahub-group-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const run = async (tests: string) => {
    const file = join(folder, 'some.test.mjs');
    await writeFile(file, `describe('some', () => { ${tests} });`);
    let printed = '';
    const env = { ...process.env, HUB_TEST_RESULT: join(folder, 'result.json') };
    const outcome = await runGroup(ROOT, [file], [], env, (text) => (printed += text));
    return { outcome, printed };
  };
  const titles = ({ failed }: { readonly failed: readonly { readonly title: string }[] }) => failed.map(({ title }) => title);

  it('counts what passed, and tells of what failed once, with its reason, below its name', async () => {
    const { outcome, printed } = await run(`it('passes', () => {}); it('fails', () => { throw new Error('of no use'); });`);
    assert.equal(outcome.passed, 1);
    assert.deepEqual(titles(outcome), ['some fails']);
    assert.match(printed, /1\) fails\n +Error: of no use\n/);
    assert.equal(printed.split('Error: of no use').length - 1, 1);
  });

  it('has told what it knew when it is ended before it is done', async () => {
    const { outcome, printed } = await run(
      `it('fails', () => { throw new Error('of no use'); }); it('passes', () => {}); it('ends', () => process.kill(process.pid, 'SIGKILL'));`,
    );
    assert.equal(outcome.passed, 1);
    assert.equal(outcome.failed.length, 2);
    assert.equal(outcome.failed[0]?.title, 'some fails');
    assert.match(outcome.failed[1]?.title ?? '', /mocha ended with code -1 before it reported$/);
    assert.match(printed, /Error: of no use/);
  });
});
