import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';

export const encodeHint = (hint: Hint): Buffer => Buffer.from(JSON.stringify(hint));

/** `undefined` when the bytes are no hint. */
export const decodeHint = (bytes: Buffer): Hint | undefined => {
  let value: Partial<Hint> | null;
  try {
    value = JSON.parse(bytes.toString('utf8')) as Partial<Hint> | null;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { queue, stream, step, attempt, partnerId } = value;
  if (typeof queue !== 'string' || typeof stream !== 'string' || typeof step !== 'string') return undefined;
  if (!Number.isSafeInteger(attempt) || typeof partnerId !== 'string') return undefined;
  return { queue, stream, step, attempt: attempt as number, partnerId };
};
