import assert from 'node:assert/strict';
import { describeMachine } from './machine.ts';
import { costOf } from './process-cost.ts';

describe('cost of a process', function () {
  before(function () {
    if (process.platform !== 'linux') this.skip(); // read from /proc
  });

  it('is the CPU time of the process, in milliseconds', () => {
    const before = costOf(process.pid).cpuMs;
    const started = process.cpuUsage();
    while (process.cpuUsage(started).user < 200_000);
    const spentMs = costOf(process.pid).cpuMs - before;
    assert.ok(spentMs >= 180, `${spentMs} ms`);
    const { user, system } = process.cpuUsage();
    assert.ok(Math.abs(costOf(process.pid).cpuMs - (user + system) / 1_000) < 100);
  });

  it('is memory in mebibytes, now and at its peak', () => {
    const { rssMiB, peakRssMiB } = costOf(process.pid);
    assert.ok(Math.abs(rssMiB - process.memoryUsage.rss() / 1024 ** 2) < 50, `${rssMiB} MiB`);
    assert.ok(peakRssMiB >= rssMiB - 1);
  });

  it('comes with a description of the machine', () => {
    const { cores, memoryGiB, node, syncMs } = describeMachine();
    assert.ok(cores >= 1 && memoryGiB >= 1 && syncMs > 0);
    assert.equal(node, process.version);
  });
});
