import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { treeCpuMs } from './process-tree.ts';

describe('cost of a process and its children', () => {
  it('counts what ended children took, and what the process itself took', function () {
    if (process.platform !== 'linux') this.skip(); // read from /proc
    const before = treeCpuMs(process.pid);
    spawnSync(process.execPath, ['-e', 'const end = Date.now() + 5_000; while (process.cpuUsage().user < 300_000 && Date.now() < end);']);
    const spentMs = treeCpuMs(process.pid) - before;
    assert.ok(spentMs >= 280, `${spentMs} ms`);
  });
});
