import { rawEventsOfFile } from '@sagahub/read-model/audit/raw-events.ts';
import { replay, type ReplayOptions } from '@sagahub/read-model/audit/replay.ts';
import { unreadable } from './audit-local.ts';
import type { ReplayLine } from './audit-replay.ts';

/** Folds an exported log in this process. */
export async function* replayFile(
  file: string,
  { order: orderId, at }: { readonly order?: string; readonly at?: string },
  documentOf: ReplayOptions['documentOf'],
): AsyncGenerator<ReplayLine> {
  const options = { ...(orderId !== undefined && { orderId }), ...(at !== undefined && { at }), ...(documentOf && { documentOf }) };
  try {
    for await (const line of replay(rawEventsOfFile(file), options)) yield line.kind === 'step' ? withoutPosition(line) : line;
  } catch (error) {
    throw unreadable(error);
  }
}

/** Positions are 64-bit numbers, which JSON has no room for; a file's line is its place. */
const withoutPosition = <Line extends object>({ position: _, ...line }: Line & { readonly position: bigint }) => line;
