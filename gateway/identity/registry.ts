import { categoryOf, objectIdOf } from '@sagahub/contracts/events.ts';
import { clientStream, partnerStream } from '@sagahub/contracts/messages/identity.ts';
import { type EventStore, LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { type Client, evolveClient, evolvePartner, type IdentityEvent, type Partner } from './state.ts';

const CATEGORIES = ['partner', 'client'];
const PAGE = 500;

/** Partners and clients as of now: folded from the log in memory, kept up to date by following it. */
export class IdentityRegistry {
  readonly #partners = new Map<string, Partner>();
  readonly #clients = new Map<string, Client>();
  /** Grows with every change: what was derived from the registry holds as long as this is the same. */
  version = 0;

  partner(partnerId: string): Partner | undefined {
    return this.#partners.get(partnerId);
  }

  client(clientId: string): Client | undefined {
    return this.#clients.get(clientId);
  }

  /** By id. */
  partners(): readonly Partner[] {
    return [...this.#partners.values()].toSorted((a, b) => (a.partnerId < b.partnerId ? -1 : 1));
  }

  /** By id. */
  clientsOf(partnerId: string): readonly Client[] {
    return [...this.#clients.values()]
      .filter((client) => client.partnerId === partnerId)
      .toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1));
  }

  /** Folds events in. One that is known already is passed over: our own appends come back through the subscription. */
  apply(events: readonly IdentityEvent[]): void {
    for (const event of events) {
      const id = objectIdOf(event.stream);
      if (categoryOf(event.stream) === 'partner') this.#advance(this.#partners, id, event, evolvePartner);
      else this.#advance(this.#clients, id, event, evolveClient);
    }
  }

  #advance<S extends { readonly revision: number }>(
    states: Map<string, S>,
    id: string,
    event: IdentityEvent,
    evolve: (state: S | undefined, event: IdentityEvent) => S | undefined,
  ): void {
    const state = states.get(id);
    if (state && event.revision <= state.revision) return;
    const next = evolve(state, event);
    if (next) states.set(id, next);
    this.version++;
  }
}

/** A registry that is complete when this resolves, and follows the log until disposed. */
export interface FollowedRegistry extends AsyncDisposable {
  readonly registry: IdentityRegistry;
  /** Learns at once what the log holds about this client and its partner, for a decision that must not be behind it. */
  readonly catchUp: CatchUp;
  /** Why following stopped, if it did. */
  readonly failure: () => unknown;
}

export type CatchUp = (clientId: string) => Promise<void>;

export const followRegistry = async (store: EventStore): Promise<FollowedRegistry> => {
  const registry = new IdentityRegistry();
  const end = await store.lastPosition();
  let after = LOG_START;
  for (;;) {
    const page = await store.readAll({ after, limit: PAGE, categories: CATEGORIES });
    registry.apply(page);
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.position;
  }
  const subscription = store.subscribe({ after: end, categories: CATEGORIES, onEvents: (events) => registry.apply(events) });
  let failure: unknown;
  subscription.done.catch((error: unknown) => (failure = error));
  return {
    registry,
    catchUp: sharedByCallers((clientId) => catchUp(registry, store, clientId)),
    failure: () => failure,
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  };
};

/** Streams tell what was appended sooner than the log's order does. */
const catchUp = async (registry: IdentityRegistry, store: EventStore, clientId: string): Promise<void> => {
  const read = async (stream: string, known: { readonly revision: number } | undefined) =>
    registry.apply(await store.readStream(stream, { from: (known?.revision ?? -1) + 1 }));
  await read(clientStream(clientId), registry.client(clientId));
  const partnerId = registry.client(clientId)?.partnerId;
  if (partnerId !== undefined) await read(partnerStream(partnerId), registry.partner(partnerId));
};

/** Whoever asks while the same is being found out waits for that answer: many refusals of one client cost one look. */
const sharedByCallers = (look: CatchUp): CatchUp => {
  const looking = new Map<string, Promise<void>>();
  return (clientId) => {
    const known = looking.get(clientId);
    if (known) return known;
    const found = look(clientId).finally(() => looking.delete(clientId));
    looking.set(clientId, found);
    return found;
  };
};
