import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { missingEngines } from '../support/engines.ts';

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));

describe('npm run bench -- --profile networked', () => {
  it('completes orders in five processes on durable engines, shows what each process and each engine took, and how fast the log is restored', async function () {
    const missing = missingEngines();
    if (missing.length > 0) skip(this, missing.join('; '));
    const args = ['--profile', 'networked', '--orders', '40', '--only', 'throughput', '--only', 'rebuild'];
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args]);
    assert.match(stdout, /PostgreSQL with fsync, synchronous_commit and full_page_writes on/);
    assert.match(stdout, /completed orders\/s \(floor 300\) +\| [\d,]+ +\| ≥ 530/);
    for (const part of ['hub', 'engines', 'gateway', 'read-model', 'PostgreSQL', 'Redis', 'RabbitMQ'])
      assert.match(stdout, new RegExp(`CPU per order, ${part} +\\| [\\d.]+ ms`), part);
    assert.match(stdout, /log and keys restored: [1-9][\d,]* events, a second +\| [1-9]/);
  }).timeout(240_000);
});
