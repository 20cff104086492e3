import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';

/** One thing that happened to the object of a dead letter. */
export interface LetterEvent {
  readonly revision: number;
  /** ISO 8601. */
  readonly at: string;
  readonly type: string;
  readonly actor: string;
  readonly attempt?: number;
  readonly reason?: string;
}

export type LetterDetail = DeadLetter & {
  /** What happened to the object, oldest first: every attempt, every act. */
  readonly history: readonly LetterEvent[];
  /** Only where the reader may see it. */
  readonly personal?: JsonObject | 'erased';
};

/** A dead letter with what the log tells of its object. */
export const detailOf = async (
  { store, keys }: { readonly store: EventStore; readonly keys: KeyStore },
  letter: DeadLetter,
  openPersonal: boolean,
): Promise<LetterDetail> => {
  const events = await store.readStream(letter.stream);
  const sealed = events.findLast((event) => event.private)?.private;
  const personal = openPersonal && sealed ? ((await open(keys, letter.stream, sealed)) ?? 'erased') : undefined;
  return { ...letter, history: events.map(historyOf), ...(personal !== undefined && { personal }) };
};

const historyOf = ({ revision, type, data, metadata }: RecordedEvent): LetterEvent => {
  const { attempt, attempts = attempt, reason, error = reason, by = metadata.actor } = data as Record<string, unknown>;
  return {
    revision,
    at: metadata.time,
    type,
    actor: String(by),
    ...(typeof attempts === 'number' && { attempt: attempts }),
    ...(typeof error === 'string' && { reason: error }),
  };
};
