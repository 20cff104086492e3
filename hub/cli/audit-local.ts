import { join } from 'node:path';
import { openLogReader } from '@sagahub/adapters/sqlite/log-reader.ts';
import type { AuditFault, AuditReport } from '@sagahub/contracts/api/operations-views.ts';
import { rawEventsOf, rawEventsOfFile } from '@sagahub/read-model/audit/raw-events.ts';
import { type Verification, verifyLog } from '@sagahub/read-model/audit/verify.ts';
import { LOG_FILE } from '../embedded-ports.ts';
import { CommandError, EXIT } from './exit-codes.ts';

export interface LocalLog {
  readonly file?: string;
  readonly dataDir?: string;
  readonly partial?: boolean;
  readonly atLeast?: string;
}

/** A report without the hub whose log it is: positions are numbers here. */
export type LocalReport = Omit<AuditReport, 'head' | 'fault'> & { readonly head: string; readonly fault?: Omit<AuditFault, 'position'> };

/** Verifies an export, or the log of a data folder, in this process. */
export async function* localReports({ file, dataDir, partial, atLeast }: LocalLog): AsyncGenerator<LocalReport> {
  const options = { dense: !partial, ...(atLeast !== undefined && { atLeast: BigInt(atLeast) }) };
  if (dataDir !== undefined) {
    using log = openLogReader(join(dataDir, LOG_FILE));
    for await (const report of verifyLog(rawEventsOf(log), options)) yield shown(report);
    return;
  }
  try {
    for await (const report of verifyLog(rawEventsOfFile(file ?? ''), options)) yield shown(report);
  } catch (error) {
    throw unreadable(error);
  }
}

/** A file that is missing, or holds what the hub did not write. */
export const unreadable = (error: unknown): unknown => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') return new CommandError(EXIT.usage, message, { cause: error });
  return error instanceof TypeError ? new CommandError(EXIT.failed, message, { cause: error }) : error;
};

const shown = ({ events, streams, head, finished, fault }: Verification): LocalReport => {
  const report = { events, streams, finished, intact: fault === undefined, head: head.toString() };
  if (!fault) return report;
  const { position, ...rest } = fault;
  return { ...report, fault: { ...rest, ordinal: position.toString() } };
};
