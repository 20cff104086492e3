import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openLogReader } from '@sagahub/adapters/sqlite/log-reader.ts';
import { rawEventsOf } from '@sagahub/read-model/audit/raw-events.ts';
import { type Verification, verifyLog } from '@sagahub/read-model/audit/verify.ts';
import { CommandError, EXIT } from '../cli/exit-codes.ts';
import { LOG_FILE } from '../embedded-ports.ts';
import { requireEmpty } from './backup.ts';
import { type Manifest, readManifest, sha256Of } from './manifest.ts';

/**
 * Checks a backup against its manifest and the log in it against its own chain of hashes.
 * @throws CommandError naming the first thing that is wrong
 */
export const verifyBackup = async (folder: string, onProgress: (done: number, total: number) => void = () => {}): Promise<Manifest> => {
  const manifest = readManifest(folder);
  for (const { name, sha256 } of manifest.files) {
    const path = join(folder, name);
    if (!existsSync(path)) throw new CommandError(EXIT.failed, `the backup is damaged: ${name} is missing`);
    if ((await sha256Of(path)) !== sha256)
      throw new CommandError(EXIT.failed, `the backup is damaged: ${name} is not the file that was backed up`);
  }
  using log = openLogReader(join(folder, LOG_FILE));
  const position = BigInt(manifest.position);
  let report: Verification | undefined;
  for await (report of verifyLog(rawEventsOf(log), { dense: true, atLeast: position })) onProgress(report.events, Number(position));
  const fault = report?.fault;
  if (fault)
    throw new CommandError(
      EXIT.failed,
      `the log of the backup does not hold, at position ${fault.position} of ${fault.stream ?? 'no stream'}: ${fault.detail}`,
    );
  return manifest;
};

/**
 * Makes a data folder of a backup that holds. It appears in one step, complete; the read model is rebuilt when the hub starts.
 * @throws CommandError the target is not empty, or the backup does not hold
 */
export const restore = async (folder: string, target: string, onProgress?: (done: number, total: number) => void): Promise<Manifest> => {
  requireEmpty(target);
  const manifest = await verifyBackup(folder, onProgress);
  const final = resolve(target);
  const temporary = `${final}.restoring`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  for (const { name } of manifest.files) {
    const path = join(temporary, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    copyFileSync(join(folder, name), path);
    chmodSync(path, 0o600);
  }
  if (existsSync(final)) rmdirSync(final);
  renameSync(temporary, final);
  return manifest;
};
