import type { HealthView, TimelineEntry, WaitingView, WaitsFor } from '@sagahub/contracts/api/object-views.ts';
import type { RecordedEvent, SealedData } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentFilter } from '@sagahub/contracts/ports/document-store.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';
import type { z } from 'zod';
import type { BreakerDocument } from '../projections/breaker.ts';
import type { Fold, Projection } from '../projections/projection.ts';
import type { Waiting } from '../projections/waiting.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What the document of an object has, whatever its flow: the queries need no more. Times are ISO 8601. */
export interface ObjectDocument {
  readonly partnerId: string;
  readonly correlationId: string;
  readonly status: string;
  /** The saga's own. */
  readonly state: string;
  readonly waiting?: Waiting<WaitsFor>;
  readonly personal?: SealedData;
  readonly receivedAt: string;
  readonly updatedAt: string;
  /** Set while it has ended. */
  readonly endedAt?: string;
  readonly deadLetters: readonly DeadLetter[];
  /** Flagged as overdue at a third party, and still in flight. */
  readonly overdue?: true;
}

/** Personal data as the caller gets it. */
export type Personal = JsonObject | 'sealed' | 'erased';

/** Breakers that are open, by connector: what waits for one of them waits for that reason. */
export type OpenBreakers = ReadonlyMap<string, BreakerDocument>;

/** A document as of a time: what it waits for depends on open breakers besides. */
export interface Shown<Document extends ObjectDocument> {
  readonly document: Document;
  readonly waiting: WaitingView | undefined;
  readonly health: HealthView | undefined;
}

export type Description = Pick<TimelineEntry, 'area' | 'title'> & { readonly detail?: string | undefined; readonly attempt?: number };

/** How the objects of a flow are read: all that differs from flow to flow. Pure. */
export interface FlowView<Document extends ObjectDocument = any> {
  readonly projection: Projection;
  /** Its category is the flow's one word: it names the messages of event streams, too. */
  readonly fold: Fold<Document>;
  /** `/api/v1/orders`. */
  readonly path: string;
  /** A partner reads its own objects with it. */
  readonly scope: Scope;
  readonly words: {
    /** `order` … */
    readonly one: string;
    readonly many: string;
    /** … with its article, `an order`. */
    readonly aOne: string;
    /** `order number`. */
    readonly number: string;
    /** What is tried at whom: `Intake, saga, every attempt at the ERP and at subscribers.` */
    readonly timeline: string;
    /** `Order`, as operations are named after it. */
    readonly operation: string;
    readonly operations: string;
    /** Of its operations in the description of the API. */
    readonly tag: string;
  };
  /** Members of documents and answers, and parameters: the object's id, and the partner's own name of it. */
  readonly fields: { readonly id: string; readonly number: string };
  readonly statuses: readonly [string, ...string[]];
  /** Filters that find, together and each once, the objects that have not ended. */
  readonly inFlight: readonly DocumentFilter[];
  readonly schemas: { readonly one: z.ZodType; readonly page: z.ZodType; readonly timeline: z.ZodType };
  /** The connector whose answer it waits for; `undefined`: it waits for none. */
  connectorOf(document: Document): string | undefined;
  /** What summaries say beside what all objects have in common. */
  fieldsOf(document: Document): object;
  /** What the whole answer says besides. */
  detailOf(document: Document, personal: Personal): object;
  /** What the caller may do with it, beside reading. */
  linksOf(document: Document): Readonly<Record<string, string>>;
  /** An event in a person's words. No personal data: events hold none in clear. */
  describe(event: RecordedEvent): Description;
  /** How long what an event ends has taken, ms; begins what it begins. */
  measure(event: RecordedEvent, watch: Stopwatch): number | undefined;
}

/** Its id and its number, as answers name them. */
export const namesOf = ({ fields }: FlowView, document: ObjectDocument): Readonly<Record<string, string>> => ({
  [fields.id]: idOf({ fields }, document),
  [fields.number]: numberOf({ fields }, document),
});
export const idOf = ({ fields }: Pick<FlowView, 'fields'>, document: ObjectDocument): string => memberOf(document, fields.id);
/** The partner's own name of it. */
export const numberOf = ({ fields }: Pick<FlowView, 'fields'>, document: ObjectDocument): string => memberOf(document, fields.number);
const memberOf = (document: object, member: string) => (document as Readonly<Record<string, string>>)[member] ?? '';
