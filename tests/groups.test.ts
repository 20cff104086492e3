import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { testGroups } from './groups.ts';

const ROOT = resolve(import.meta.dirname, '..');

describe('test groups', () => {
  it('hold every test file once, and none of node_modules', () => {
    const files = testGroups(ROOT)
      .filter(({ env }) => env === undefined)
      .flatMap((group) => group.files);
    assert.equal(new Set(files).size, files.length);
    assert.ok(files.includes('tests/groups.test.ts'));
    assert.deepEqual(
      files.filter((file) => file.includes('node_modules')),
      [],
    );
  });

  it('hold every journey in one process, and in many on one of the logs at least', () => {
    const { embedded, postgres, kurrentdb } = Object.fromEntries(
      testGroups(ROOT)
        .filter(({ files }) => files.includes('tests/journeys/first-order.test.ts'))
        .map(({ files, env }) => [env?.['HUB_TEST_PROFILE']?.replace('networked-', '') ?? 'embedded', files] as const),
    );
    assert.deepEqual([...new Set([...postgres!, ...kurrentdb!])].toSorted(), embedded);
    assert.equal(kurrentdb?.length, 10);
    for (const files of [postgres, kurrentdb]) assert.equal(new Set(files).size, files?.length);
  });

  it('leave the machine to overload alone, which is the first to run', () => {
    const [first, ...others] = testGroups(ROOT);
    assert.equal(first?.alone, true);
    assert.deepEqual(
      first.files.filter((file) => file.endsWith('overload.test.ts')),
      ['tests/faults/networked/overload.test.ts', 'tests/faults/overload.test.ts'],
    );
    assert.ok(others.every((group) => group.alone === undefined));
  });

  it('hold only the files that are named', () => {
    assert.deepEqual(testGroups(ROOT, [resolve(ROOT, 'tests/groups.test.ts')]), [
      { name: 'services and contracts', files: ['tests/groups.test.ts'] },
    ]);
    assert.deepEqual(testGroups(ROOT, ['tests/absent.test.ts']), []);
  });
});
