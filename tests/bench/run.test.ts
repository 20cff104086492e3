import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Figure } from './figures.ts';

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));
const run = (...args: string[]) => promisify(execFile)(process.execPath, [RUN, ...args]);

describe('npm run bench', () => {
  it('measures every part on running processes, and prints machine, configuration, warm-up and one table', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sagahub-bench-'));
    try {
      const { stdout } = await run('--orders', '200', '--json', join(folder, 'result.json'));
      assert.match(stdout, /16 KiB durable in [\d.]+ ms.*Node v\d+/);
      assert.match(stdout, /HUB_PARTNER_RATE_LIMIT_PER_MINUTE=0/);
      assert.match(stdout, /Warm-up 100 orders/);
      const { figures } = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as { figures: readonly Figure[] };
      for (const { name, value } of figures) assert.ok(stdout.includes(`| ${name} `) && stdout.includes(value), name);
      const measured = (name: RegExp) => figures.find((figure) => name.test(figure.name))?.data;
      for (const name of [
        /bare Express: orders/,
        /share of bare/,
        /completed orders/,
        /order, hub$/,
        /memory, ready/,
        /rebuilt: [\d,]+ events/,
        /payments\/s per orders/,
        /both flows at once: payments\/s/,
        /webhooks: messages/,
      ])
        assert.ok((measured(name) as number) > 0, String(name));
      const completed = measured(/at 500 orders\/s: completed/) as { count: number; p50: number; max: number };
      assert.equal(completed.count, 500);
      assert.ok(completed.p50 > 0 && Number.isFinite(completed.max));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says which option it does not know', async () => {
    await assert.rejects(run('--only', 'dessert'), ({ code, stderr }: { code: number; stderr: string }) => {
      assert.match(stderr, /--only takes accept, idle, throughput/);
      return code === 2;
    });
  });
});
