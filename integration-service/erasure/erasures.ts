import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { NewEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { HUB_STREAM, type SubjectErased } from '@sagahub/contracts/messages/hub.ts';
import { subjectOf } from '@sagahub/contracts/personal-data.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';

/** Name of the secret that names subjects in the log: buyer ids are short, a plain hash of one is soon guessed. */
const SUBJECT_SECRET = 'erased-subjects';
const SCHEMA_VERSION = 1;

export interface Erasure {
  readonly partnerId: string;
  readonly buyerId: string;
  /** Kept in the log, in clear. */
  readonly reason: string;
  readonly by: string;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
}
export type Erased = Pick<SubjectErased['data'], 'partnerId' | 'subject' | 'keys'> & { readonly erasedAt: string };

export interface ErasurePorts extends Pick<Ports, 'keys' | 'clock'> {
  readonly store: Pick<EventStore, 'append' | 'readStream'>;
}

/**
 * Erases a person: destroys the keys that every order and payment of theirs is sealed under, then records that in the stream `hub`. What was
 * recorded of them stays, its hashes too; only who bought, where it went and how it was paid cannot be read any more. A later order of the
 * same buyer gets a new key.
 *
 * Repeating it is safe: after a crash between the two, the repeat records what is missing, with no key left to destroy.
 */
export const openErasures = async ({ keys, store, clock }: ErasurePorts): Promise<(erasure: Erasure) => Promise<Erased>> => {
  const secret = createSecretKey(await keys.createSecret(SUBJECT_SECRET, randomBytes(32)));

  const record = async (event: NewEvent): Promise<void> => {
    for (;;) {
      const events = await store.readStream(HUB_STREAM);
      const expectedRevision = events.at(-1)?.revision ?? NO_STREAM;
      try {
        await store.append({ stream: HUB_STREAM, expectedRevision, events: [event] });
        return;
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
      }
    }
  };

  return async ({ partnerId, buyerId, reason, by, correlationId, traceparent }) => {
    const subject = subjectOf(partnerId, buyerId);
    const destroyed = await keys.eraseSubject(subject);
    const name = createHmac('sha256', secret).update(subject).digest('hex');
    const erasedAt = new Date(clock.now()).toISOString();
    const body: SubjectErased = { type: 'SubjectErased', data: { partnerId, subject: name, keys: destroyed, by, reason } };
    const metadata = { time: erasedAt, correlationId, ...(traceparent && { traceparent }), actor: by, schemaVersion: SCHEMA_VERSION };
    await record({ id: newId(), ...body, metadata });
    return { partnerId, subject: name, keys: destroyed, erasedAt };
  };
};
