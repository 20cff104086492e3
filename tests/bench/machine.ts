import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the figures come from. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly kernel: string;
  readonly fileSystem: string;
  /** Median time to make 16 KiB durable, milliseconds: what every commit waits for. */
  readonly syncMs: number;
}

export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  kernel: `${process.platform} ${release()}`,
  fileSystem: FILE_SYSTEMS[statfsSync(tmpdir()).type] ?? 'unknown',
  syncMs: measureSync(),
});

/** `statfs` magic numbers of Linux. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x01021994: 'tmpfs (nothing on it is durable)',
};

const SYNCS = 101;
const measureSync = (): number => {
  const folder = mkdtempSync(join(tmpdir(), 'sagahub-sync-'));
  const file = openSync(join(folder, 'probe'), 'w');
  const page = Buffer.alloc(16 * 1024, 1);
  const times: number[] = [];
  try {
    for (let index = 0; index < SYNCS; index += 1) {
      writeSync(file, page, 0, page.length, (index % 64) * page.length);
      const startedMs = performance.now();
      fdatasyncSync(file);
      times.push(performance.now() - startedMs);
    }
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
  return times.sort((a, b) => a - b)[(SYNCS - 1) / 2] ?? 0;
};

/** CPU time the whole machine has spent so far, milliseconds; 0 where it cannot be read. */
export const machineCpuMs = (): number => {
  try {
    const [total = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = total.split(/\s+/).slice(1).map(Number);
    return (user + nice + system + irq + softirq) * 10;
  } catch {
    return 0;
  }
};
