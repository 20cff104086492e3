import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowFate } from './fate.ts';
import { ResultFile } from './result-file.ts';

const fate = (line: number, changes: Partial<RowFate> = {}): RowFate => ({
  file: 'a.csv',
  line,
  orderNumber: '1',
  fate: 'accepted',
  orderId: 'o-1',
  status: 'received',
  code: '',
  detail: '',
  ...changes,
});

describe('the result file of an import', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sagahub-result-'));
    path = join(folder, 'result.csv');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('knows after a restart every fate that was told, whatever stands in it', () => {
    const told = [fate(2, { detail: 'he said "no", and left' }), fate(3, { fate: 'refused', code: 'X', file: 'b,c.csv' })];
    new ResultFile(path).add(told);
    assert.deepEqual([...new ResultFile(path).fates.values()], told);
  });

  it('forgets a line that a kill cut short, and goes on behind the last whole one', () => {
    new ResultFile(path).add([fate(2)]);
    appendFileSync(path, 'a.csv,3,1,acc');
    const result = new ResultFile(path);
    assert.deepEqual([...result.fates.keys()], ['a.csv:2']);
    result.add([fate(3)]);
    assert.deepEqual([...new ResultFile(path).fates.keys()], ['a.csv:2', 'a.csv:3']);
  });

  it('keeps a fate on one line, whatever the hub said', () => {
    new ResultFile(path).add([fate(2, { detail: 'one\ntwo' })]);
    assert.equal(readFileSync(path, 'utf8').trim().split('\n').length, 2);
  });

  it('keeps the first fate of a row', () => {
    const result = new ResultFile(path);
    result.add([fate(2)]);
    result.add([fate(2, { fate: 'replayed' }), fate(3)]);
    assert.deepEqual(
      [...new ResultFile(path).fates.values()].map(({ fate: kind }) => kind),
      ['accepted', 'accepted'],
    );
  });

  it('is in the order of the input at the end, with the last status of every order', () => {
    const result = new ResultFile(path);
    result.add([fate(9), fate(4, { file: 'b.csv', orderId: 'o-2' }), fate(2)]);
    result.setStatuses(new Map([['o-1', 'completed']]));
    result.rewrite();
    const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1);
    assert.deepEqual(lines, [
      'a.csv,2,1,accepted,o-1,completed,,',
      'a.csv,9,1,accepted,o-1,completed,,',
      'b.csv,4,1,accepted,o-2,received,,',
    ]);
  });

  it('never overwrites a file that is something else', () => {
    writeFileSync(path, 'my,precious\n1,2\n');
    assert.throws(() => new ResultFile(path), /is no result of an import/);
    assert.equal(readFileSync(path, 'utf8'), 'my,precious\n1,2\n');
  });
});
