import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './local-server.ts';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Of this process: made once, and copied for each server, which takes a tenth of the time. */
let template: string | undefined;

/** Lays out what a new server begins with. @param data a folder that is not there yet, in one that the user may write to */
export const createCluster = (bin: string, data: string, user: ServerUser | undefined): void => {
  template ??= madeTemplate(bin, user);
  if (user)
    execFileSync('cp', ['-a', template, data]); // its owner stays
  else cpSync(template, data, { recursive: true });
};

const madeTemplate = (bin: string, user: ServerUser | undefined): string => {
  const folder = temporaryFolder('postgres-template');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return data;
};
