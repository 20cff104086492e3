import type { JsonObject } from '../json.ts';

/**
 * Which kind of work gave up. `erp`: a submission of an order; `processor`: one of a payment; `step`: a handler that kept throwing;
 * `compensation`: something that could not be undone; `surplus`: a completed order that the third party made once more; `webhook`: a delivery; `inbound`: a message that was refused;
 * `consumer`: an event that a consumer behind the broker refused.
 */
export const DEAD_LETTER_ORIGINS = ['erp', 'processor', 'step', 'compensation', 'surplus', 'webhook', 'inbound', 'consumer'] as const;
export type DeadLetterOrigin = (typeof DEAD_LETTER_ORIGINS)[number];

export const DEAD_LETTER_STATES = ['open', 'redriven', 'discarded', 'resolved'] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/**
 * What could not be done and waits for an operator: a document of the read model, projected from the log. Each flow derives its own
 * (`Fold.derive`) into a collection of {@link DEAD_LETTER_COLLECTIONS}, and says by `Flow.deadLetters` how they are acted on.
 */
export interface DeadLetter {
  readonly deadLetterId: string;
  readonly origin: DeadLetterOrigin;
  readonly flow: string;
  readonly stream: string;
  /** Of the flow's object, e.g. the order's id. */
  readonly objectId: string;
  readonly orderNumber?: string;
  readonly partnerId: string;
  /** The step that gave up, as its flow calls it. */
  readonly step: string;
  /** Groups letters by what went wrong: `causeOf` of reason and status. */
  readonly cause: string;
  readonly reason: string;
  readonly status?: number;
  readonly attempts: number;
  /** ISO 8601: the first failure of the attempts that were given up … */
  readonly firstFailedAt: string;
  /** … and the last. */
  readonly failedAt: string;
  readonly state: DeadLetterState;
  readonly resolvedAt?: string;
  readonly resolvedBy?: string;
  readonly resolution?: string;
  /** What was to be sent, without personal data. */
  readonly payload: JsonObject;
}

/** Collection of the DocumentStore with the dead letters of orders. */
export const DEAD_LETTERS = 'dead-letters';
/** Collection with the dead letters of payments. */
export const PAYMENT_DEAD_LETTERS = 'payment-dead-letters';
/** Collection with the dead letters of webhook messages. */
export const WEBHOOK_DEAD_LETTERS = 'webhook-dead-letters';
/** Collection with messages that did not become orders. */
export const INBOUND_DEAD_LETTERS = 'inbound-dead-letters';
/** Collection with events that consumers refused. */
export const CONSUMER_DEAD_LETTERS = 'consumer-dead-letters';
/** All collections of dead letters, one per projection that makes some; each sorts by `failedAt` and filters by `state`. */
export const DEAD_LETTER_COLLECTIONS: readonly string[] = [
  DEAD_LETTERS,
  PAYMENT_DEAD_LETTERS,
  WEBHOOK_DEAD_LETTERS,
  INBOUND_DEAD_LETTERS,
  CONSUMER_DEAD_LETTERS,
];
/** What each of them is indexed by. */
export const DEAD_LETTER_INDEXES: readonly (readonly string[])[] = [['state', 'failedAt'], ['objectId'], ['failedAt']];
