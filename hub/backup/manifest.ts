import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { join } from 'node:path';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { z } from 'zod';
import { CommandError, EXIT } from '../cli/exit-codes.ts';

export const MANIFEST_FILE = 'manifest.json';

const manifestSchema = z.strictObject({
  /** Of the manifest itself. */
  format: z.literal(1),
  /** Of the hub that was backed up. */
  version: z.string(),
  madeAt: z.iso.datetime(),
  /** Last position of the log: what happened behind it is not in the backup. */
  position: z.string().regex(/^\d+$/),
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string().length(64) })).min(1),
});
export type Manifest = z.output<typeof manifestSchema>;

/** @throws CommandError it is missing or not one of ours */
export const readManifest = (folder: string): Manifest => {
  const path = join(folder, MANIFEST_FILE);
  if (!existsSync(path))
    throw new CommandError(EXIT.failed, `${folder} is no backup, or one that was interrupted: there is no ${MANIFEST_FILE}`);
  return parseOrFault(manifestSchema, JSON.parse(readFileSync(path, 'utf8')));
};

/** SHA-256 of a file, hex. */
export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};
