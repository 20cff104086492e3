import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';

/**
 * Hints that one message carries at most. A message costs the broker 0.3 ms of CPU, whatever is in it; more than so many would come back
 * together when their consumer dies.
 */
const HINTS_PER_MESSAGE = 10;

/** Bytes for one queue. */
export interface Outgoing {
  readonly queue: string;
  readonly bytes: Buffer;
}

/** Hints of one queue that are published together travel together, in their order. */
export const encodeHints = (hints: readonly Hint[]): readonly Outgoing[] =>
  [...Map.groupBy(hints, ({ queue }) => queue)].flatMap(([queue, ofQueue]) => {
    const messages: Outgoing[] = [];
    for (let at = 0; at < ofQueue.length; at += HINTS_PER_MESSAGE)
      messages.push({ queue, bytes: Buffer.from(JSON.stringify(ofQueue.slice(at, at + HINTS_PER_MESSAGE))) });
    return messages;
  });

/** `undefined` when the bytes are no hints. */
export const decodeHints = (bytes: Buffer): readonly Hint[] | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  return Array.isArray(value) && value.length > 0 && value.every(isHint) ? value : undefined;
};

const isHint = (value: unknown): value is Hint => {
  if (typeof value !== 'object' || value === null) return false;
  const { queue, stream, step, attempt, partnerId } = value as Partial<Hint>;
  if (typeof queue !== 'string' || typeof stream !== 'string' || typeof step !== 'string') return false;
  return Number.isSafeInteger(attempt) && typeof partnerId === 'string';
};
