import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from './bundle.ts';

describe('a program that tests start over and over', () => {
  let root: string;
  let coverage: string | undefined;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sagahub-bundle-'));
    coverage = process.env['NODE_V8_COVERAGE'];
    delete process.env['NODE_V8_COVERAGE']; // sources run while it is taken
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
    if (coverage !== undefined) process.env['NODE_V8_COVERAGE'] = coverage;
  });

  it('is run from the bundle of these very sources, and else as it is', () => {
    const source = join(root, 'tests', 'a-hub.ts');
    mkdirSync(join(root, 'dist', 'tests'), { recursive: true });
    mkdirSync(join(root, 'tests'));
    writeFileSync(source, '');
    assert.equal(programOf(root, 'tests/a-hub.ts'), source);
    writeFileSync(join(root, 'dist', 'tests', 'current.json'), JSON.stringify({ folder: '1000000', sources: ['tests/a-hub.ts'] }));
    utimesSync(source, 1_000, 1_000);
    assert.equal(programOf(root, 'tests/a-hub.ts'), join(root, 'dist', 'tests', '1000000', 'a-hub.js'));
    utimesSync(source, 1_001, 1_001);
    assert.equal(programOf(root, 'tests/a-hub.ts'), source);
  });
});
