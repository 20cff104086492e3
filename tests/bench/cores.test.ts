import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { keepOn, separateCores } from './cores.ts';

const allowedBy = (status: string): string | undefined => /Cpus_allowed_list:\s+(\S+)/.exec(status)?.[1];

describe('processors of a benchmark', () => {
  it('are kept apart for a process and what it starts afterwards, and not for others', async function () {
    const cores = separateCores();
    if (!cores) return skip(this, 'two processors and taskset are needed');
    const own = () => allowedBy(readFileSync('/proc/self/status', 'utf8'));
    const before = own();
    const waiting = spawn('sh', ['-c', 'read go; cat /proc/self/status'], { stdio: ['pipe', 'pipe', 'inherit'] });
    keepOn(cores.senders, [waiting.pid!]);
    waiting.stdin.end('\n');
    assert.equal(allowedBy(await text(waiting.stdout)), String(cores.senders));
    assert.equal(own(), before);
  });

  it('are nothing to a process that has ended', function () {
    const cores = separateCores();
    if (!cores) return skip(this, 'two processors and taskset are needed');
    const { pid } = spawnSync('true');
    assert.doesNotThrow(() => keepOn(cores.senders, [pid]));
  });
});
