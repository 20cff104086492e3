import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rawEventsOfFile } from '@sagahub/read-model/audit/raw-events.ts';
import { type Verification, verifyLog } from '@sagahub/read-model/audit/verify.ts';
import type { HubProcess } from '../harness/hub-process.ts';

/** Writes the log as auditors get it, one event a line. */
export const exportHistory = async (hub: HubProcess): Promise<string> => {
  const path = join(hub.folder, 'history.ndjson');
  const response = await hub.client('auditor').open('GET', '/api/v1/events');
  await writeFile(path, '');
  for await (const chunk of response.body!) await appendFile(path, chunk);
  return path;
};

/** A copy in which somebody made one order a little cheaper. Returns its path and the event that was edited. */
export const tamperedCopy = async (path: string, stream: string): Promise<{ readonly copy: string; readonly edited: string }> => {
  const copy = path.replace('.ndjson', '-tampered.ndjson');
  await copyFile(path, copy);
  const lines = (await readFile(copy, 'utf8')).split('\n');
  const index = lines.findIndex((line) => line.includes(`"stream":"${stream}"`) && line.includes('"type":"OrderValidated"'));
  const line = lines[index]!;
  lines[index] = line.replace(/"total":"(\d)/, (_whole, digit: string) => `"total":"${(Number(digit) + 1) % 10}`);
  await writeFile(copy, lines.join('\n'));
  const { revision } = JSON.parse(line) as { revision: number };
  return { copy, edited: `${stream}@${revision}` };
};

/** The last word of the verification of an exported log. */
export const verifyFile = async (path: string): Promise<Verification> => {
  let last: Verification | undefined;
  for await (const report of verifyLog(rawEventsOfFile(path), { dense: true })) last = report;
  if (!last) throw new Error(`${path} holds no event`);
  return last;
};
