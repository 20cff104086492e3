import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { copyDatabase } from '@sagahub/adapters/sqlite/backup.ts';
import { openLogReader } from '@sagahub/adapters/sqlite/log-reader.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { CommandError, EXIT } from '../cli/exit-codes.ts';
import { CREDENTIALS_FILE } from '../demo-installation.ts';
import { KEYS_FILE, LOG_FILE } from '../embedded-ports.ts';
import { VERSION } from '../version.ts';
import { type Manifest, MANIFEST_FILE, sha256Of } from './manifest.ts';

/** Of the built-in ERP simulator: an ERP of our own, so its books belong to the backup. */
const LEDGER_FILE = join('erp-simulator', 'erp-ledger.ndjson');
const PLAIN_FILES = [CREDENTIALS_FILE, LEDGER_FILE];

/**
 * Copies what cannot be made again from a data folder, while its hub runs or not. The read model is left out: it is rebuilt from the log.
 *
 * The order makes the copies fit together: the log first, then the keys, so that every event finds the key that was on disk before it;
 * the ledger last, since an ERP that is ahead of the log is what the hub is made for. The manifest comes at the very end: a folder without
 * one is no backup.
 *
 * @param onProgress which file, and pages of it
 * @throws ConfigurationError there is no log; CommandError the target is not empty
 */
export const backUp = async (
  dataFolder: string,
  target: string,
  onProgress: (file: string, done: number, total: number) => void = () => {},
): Promise<Manifest> => {
  const source = resolve(dataFolder);
  if (!existsSync(join(source, LOG_FILE)))
    throw new ConfigurationError([`there is no hub's data in ${source}: set HUB_DATA_DIR, or name the folder with --data-dir`]);
  requireEmpty(target);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const madeAt = new Date().toISOString();
  for (const name of [LOG_FILE, KEYS_FILE])
    await copyDatabase(join(source, name), join(target, name), { onProgress: (done, total) => onProgress(name, done, total) });
  const plain = PLAIN_FILES.filter((name) => existsSync(join(source, name)));
  for (const name of plain) {
    mkdirSync(dirname(join(target, name)), { recursive: true, mode: 0o700 });
    copyFileSync(join(source, name), join(target, name));
  }
  const names = [LOG_FILE, KEYS_FILE, ...plain];
  for (const name of names) chmodSync(join(target, name), 0o600);
  const manifest: Manifest = {
    format: 1,
    version: VERSION,
    madeAt,
    position: await positionOf(join(target, LOG_FILE)),
    files: await Promise.all(names.map((name) => described(target, name))),
  };
  writeFileSync(join(target, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  return manifest;
};

/** @throws CommandError it holds something */
export const requireEmpty = (folder: string): void => {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CommandError(EXIT.refused, `${resolve(folder)} is not empty: name a folder that is, or that does not exist yet`);
};

const positionOf = async (log: string): Promise<string> => {
  using reader = openLogReader(log);
  return (await reader.lastPosition()).toString();
};

const described = async (folder: string, name: string): Promise<Manifest['files'][number]> => ({
  name: name.replaceAll('\\', '/'),
  bytes: statSync(join(folder, name)).size,
  sha256: await sha256Of(join(folder, name)),
});
