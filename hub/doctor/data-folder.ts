import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openDataFolder } from '@sagahub/adapters/process/data-folder.ts';
import { openLogReader } from '@sagahub/adapters/sqlite/log-reader.ts';
import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import { DataFolderInUseError, HubError } from '@sagahub/contracts/errors.ts';
import { HUB_STREAM } from '@sagahub/contracts/messages/hub.ts';
import type { HubConfig } from '../config.ts';
import { LOG_FILE } from '../embedded-ports.ts';
import { type Finding, ok, problem, warning } from './check.ts';

const CHECK = 'data folder';
const LITTLE_BYTES = 1024 ** 3;

export interface DataFolderState {
  readonly findings: readonly Finding[];
  /** A hub runs on it. */
  readonly inUse: boolean;
}

/** Can the folder be used, by whom is it, is there room, and does it belong to the ERP that is configured? */
export const checkDataFolder = async (config: HubConfig): Promise<DataFolderState> => {
  const folder = resolve(config.hub.dataDir);
  if (!existsSync(folder)) return { findings: [toBeMade(folder), await room(existing(folder))], inUse: false };
  const { finding, inUse } = possession(folder);
  return { findings: [finding, await room(folder), ...(await binding(folder, config))], inUse };
};

const toBeMade = (folder: string): Finding => {
  const parent = existing(folder);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    return ok(CHECK, `${folder} will be made by the first start`);
  } catch {
    return problem(
      CHECK,
      `${folder} cannot be made: this user may not write to ${parent}`,
      'change its owner, or set HUB_DATA_DIR to another folder',
    );
  }
};

const possession = (folder: string): { readonly finding: Finding; readonly inUse: boolean } => {
  try {
    openDataFolder(folder)[Symbol.dispose]();
    return { finding: ok(CHECK, `${folder} can be used`), inUse: false };
  } catch (error) {
    if (error instanceof DataFolderInUseError) return { finding: ok(CHECK, `${folder} is in use: a hub is running on it`), inUse: true };
    if (!(error instanceof HubError)) throw error;
    return {
      finding: problem(
        CHECK,
        error.message
          .split('\n')
          .at(-1)
          ?.replace(/^\s*- /, '') ?? '',
        'mend it before you start the hub',
      ),
      inUse: false,
    };
  }
};

const room = async (folder: string): Promise<Finding> => {
  const { bavail, bsize } = await statfs(folder);
  const bytes = bavail * bsize;
  const free = `${(bytes / 1024 ** 3).toFixed(1)} GiB free`;
  return bytes < LITTLE_BYTES
    ? warning('disk', free, 'add space: without any, orders are refused with 503 until there is some')
    : ok('disk', free);
};

const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)));

/** Orders of a folder that was used with the simulator must not go to a real ERP. */
const binding = async (folder: string, { outbound }: HubConfig): Promise<readonly Finding[]> => {
  const path = join(folder, LOG_FILE);
  if (!existsSync(path)) return [];
  try {
    using log = openLogReader(path);
    const position = await log.lastPosition();
    const events = await log.readRaw({ after: 0n, limit: 1_000, stream: HUB_STREAM });
    const isDemo = events.some(({ bytes }) => decodeEvent(bytes).type === 'DemoMarked');
    const held = ok('log', `${position} events`);
    if (!isDemo || outbound.erpUrl === undefined) return [held];
    return [
      held,
      problem(
        'log',
        'the folder was used with the ERP simulator, and ERP_URL names a real one',
        'set HUB_DATA_DIR to a new folder, or unset ERP_URL',
      ),
    ];
  } catch (error) {
    return [problem('log', (error as Error).message, 'verify a copy with "sagahub audit verify --data-dir", or restore a backup')];
  }
};
