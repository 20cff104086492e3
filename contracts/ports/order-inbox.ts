import type { InboundMessageFacts } from '../messages/inbound.ts';
import type { HealthCheck } from '../service.ts';

/** A message as the broker brought it. */
export interface InboundMessage extends InboundMessageFacts {
  readonly content: Uint8Array;
  readonly traceparent?: string;
  /** The sender wants an answer at an address that is not its own, and gets none. */
  readonly foreignReplyTo?: string;
  /** Aborts when it can be settled no more: the broker will bring it again. */
  readonly signal: AbortSignal;
}

/** What the sender gets to know, at the address it gave. */
export interface InboundReply {
  /** Of HTTP. */
  readonly status: number;
  readonly replayed: boolean;
  readonly contentType: string;
  readonly body: string;
}

/** `done`: it became an order, or is parked, and either is on disk. `later`: neither; it goes back and comes again. */
export type Settlement = { readonly kind: 'done'; readonly reply: InboundReply } | { readonly kind: 'later' };

/** Where partners put orders as messages. */
export interface OrderInbox {
  /**
   * Takes messages until disposed; what is in hand is finished. A message is acknowledged only after its settlement `done`, and its reply
   * was sent; one whose settlement never came is brought again, to whoever is there.
   */
  consume(handle: (message: InboundMessage) => Promise<Settlement>): Promise<AsyncDisposable>;
  health(): Promise<HealthCheck>;
}
