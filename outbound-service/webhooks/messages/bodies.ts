import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { WebhookSource } from '@sagahub/contracts/messages/webhook.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import { faceOf } from '../flows.ts';
import { bodyOf } from '../flows/face.ts';

/** Bodies made already, and objects in flight; about 500 bytes each. */
const REMEMBERED = 20_000;

/**
 * Bodies of messages, made from the streams they tell about. What was just read off the log is remembered, since its messages are sent
 * next: reading each stream again took longer than signing and sending.
 */
export class MessageBodies {
  readonly #store: Pick<EventStore, 'readStream'>;
  readonly #facts = new Map<string, { readonly facts: object; readonly revision: number }>();
  readonly #bodies = new Map<string, string>();

  constructor(store: Pick<EventStore, 'readStream'>) {
    this.#store = store;
  }

  /** Remembers what an event that was read off the log says. */
  learn(event: RecordedEvent): void {
    const { stream, revision } = event;
    const face = faceOf(stream);
    if (!face) return;
    const known = this.#facts.get(stream);
    if (revision !== (known?.revision ?? -1) + 1) return;
    const facts = face.foldFacts(known?.facts, event);
    if (!facts) return;
    remember(this.#facts, stream, { facts, revision });
    if (face.publicTypeOf(event)) remember(this.#bodies, keyOf(event), bodyOf(face, facts, event));
  }

  async bodyOf(source: WebhookSource): Promise<string> {
    const known = this.#bodies.get(keyOf(source));
    if (known !== undefined) return known;
    const face = faceOf(source.stream);
    const events = await this.#store.readStream(source.stream, { to: source.revision });
    const facts = events.reduce((before, event) => face?.foldFacts(before, event), undefined as object | undefined);
    const event = events.at(-1);
    if (!face || !facts || !event || event.revision !== source.revision)
      throw new Error(`${source.stream} has no revision ${source.revision}`);
    const body = bodyOf(face, facts, event);
    remember(this.#bodies, keyOf(source), body);
    return body;
  }
}

const keyOf = ({ stream, revision }: WebhookSource): string => `${stream}@${revision}`;

/** The oldest entry goes first. */
const remember = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  map.set(key, value);
  if (map.size <= REMEMBERED) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
};
